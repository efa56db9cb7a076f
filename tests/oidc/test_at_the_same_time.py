"""I-82: twenty who show the same code, or the same refresh token, at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from identity.models import AccessToken, RefreshToken
from tests.oidc.conftest import Scene

MANY = 20


def statuses(call: Callable[[], int]) -> list[int]:
    """What each of so many callers is answered."""

    def one(_number: int) -> int:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(MANY) as pool:
        return sorted(pool.map(one, range(MANY)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["code", "refresh token"])
def test_I82_of_twenty_at_once_one_wins(what: str, scene: Scene) -> None:
    gateway, browser = scene.gateway, scene.browser
    if what == "code":
        code = gateway.code(browser)
        answers = statuses(lambda: gateway.redeem(code).status_code)
    else:
        token = gateway.tokens(browser)["refresh_token"]
        answers = statuses(lambda: gateway.refresh(token).status_code)
    assert answers == [200] + [400] * (MANY - 1)
    # The nineteen were reuses: nothing that the winner got is worth anything.
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert gateway.tokens(browser)
