"""The whole way: our address, the simulator's logon page and form, and back."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import RequestFactory

from identity import logon
from identity.connectors.dingtalk.simulator.adapter import WsgiAdapter
from identity.logon import Outcome
from tests.logon.browsers import ended
from tests.logon.conftest import World

pytestmark = pytest.mark.django_db
UNIONIDS = re.compile(r'name="unionid" value="([^"]+)"')


class Phone:
    """Somebody at the vendor's logon page, by plain HTTP."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("https://", WsgiAdapter(world.simulator))

    def begin(self, frame: bool = False) -> str:
        """The vendor's page, as our client's page leads to it."""
        request = RequestFactory().get("/client/")
        begun = logon.begin(request, self.world.idp)
        response = logon.remember_browser(request, HttpResponse())
        self.world.browser.client.cookies.update(response.cookies)
        return begun.frame if frame else begun.page

    def choose(self, page: str, **form: str) -> str:
        """Send the page's form; where the browser is sent then."""
        assert self.session.get(page).status_code == 200
        answer = self.session.post(page, data=form, allow_redirects=False)
        return str(answer.headers["Location"])

    def return_to(self, address: str) -> int:
        """The browser comes back to us."""
        place = urlsplit(address)
        assert f"{place.scheme}://{place.netloc}" == "http://localhost:8000"
        path = f"{place.path}?{place.query}"
        return int(self.world.browser.client.get(path).status_code)


@pytest.fixture
def phone(world: World) -> Iterator[Phone]:
    phone = Phone(world)
    yield phone
    phone.session.close()


def test_from_the_state_to_the_session(world: World, phone: Phone) -> None:
    page = phone.begin()
    shown = phone.session.post(page, data={"q": world.anyone.name}).text
    assert world.anyone.unionid in UNIONIDS.findall(shown)
    back = phone.choose(page, unionid=world.anyone.unionid)
    assert phone.return_to(back) == 302
    assert world.browser.session is not None


def test_who_cancels_there_is_told_so_here(world: World, phone: Phone) -> None:
    assert phone.return_to(phone.choose(phone.begin(), cancel="1")) == 403
    assert ended() == ("exchange", Outcome.DECLINED)
    assert phone.return_to(phone.choose(phone.begin(), unionid=world.anyone.unionid))


def test_T_10_a_stranger_may_choose_themselves_and_stays_outside(
    world: World, phone: Phone
) -> None:
    stranger = next(iter(world.simulator.company.outsiders))
    assert phone.return_to(phone.choose(phone.begin(), unionid=stranger)) == 403
    assert world.browser.session is None
