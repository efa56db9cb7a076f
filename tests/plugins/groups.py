"""Tests of one group run in one process, one after the other.

pytest-xdist 3.8 writes a test's group behind its id, where pytest 9.2 does not read it
any more: without this `xdist_group` means nothing, and nobody says so.
"""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item._id).parse(grouped)
