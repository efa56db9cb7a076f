"""What a test had kept aside (a refused call of the Request URL) is over with the test.

A row that comes later would meet the emptying of the tables, or another test.
"""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    from identity import pushed  # not before Django is set up

    if _commits(item):
        assert pushed.settle(60)  # before its tables are emptied
    yield
    # One whose transaction is rolled back may have held up, until now, what never comes.
    assert pushed.settle(60)


def _commits(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    marker = item.get_closest_marker("django_db")
    return bool(
        {"transactional_db", "live_server"} & set(names)
        or (marker and marker.kwargs.get("transaction"))
    )
