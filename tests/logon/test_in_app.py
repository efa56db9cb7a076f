"""The page inside the vendor's client: I-62, T-27. Each case changes one thing of what
its script sends; the twin is that unchanged, in the same browser.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from identity.logon import Outcome
from identity.logon.finishing import GUESSES, STRAYS
from identity.models import LogonAttempt, LogonSession, Tally
from tests import builders
from tests.bad_input.set_x import VALUES
from tests.logon.browsers import Browser, ended
from tests.logon.conftest import World

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
Spoil = Callable[[World, dict[str, Any]], Any]
ADDRESS = "/ui/dingAuth/"
ODD = [one for one in VALUES if one and "\ud800" not in one and len(one) < 1000][::6]


def put(**values: Any) -> Spoil:
    return lambda world, sent: sent.update(values)


def twice(name: str) -> Spoil:
    return lambda world, sent: sent.update({name: [sent[name], sent[name]]})


def without(name: str) -> Spoil:
    return lambda world, sent: sent.pop(name)


def of_the_page(world: World, sent: dict[str, Any]) -> None:
    sent["code"] = world.code()


def replayed(world: World, sent: dict[str, Any]) -> None:
    Browser().send(**sent)
    LogonSession.objects.all().delete()


def closed(world: World, sent: dict[str, Any]) -> None:
    type(world.idp).objects.filter(pk=world.idp.pk).update(status="closed")


def draft(world: World, sent: dict[str, Any]) -> None:
    type(world.idp).objects.filter(pk=world.idp.pk).update(confirmed_at=None)


def of_an_outsider(world: World, sent: dict[str, Any]) -> None:
    stranger = next(iter(world.simulator.company.outsiders.values()))
    sent["code"] = world.code(unionid=stranger.unionid)


CASES: dict[str, tuple[Spoil, Outcome, int]] = {
    "I-62 no company": (without("corpId"), Outcome.OTHER_IDP, 403),
    "I-62 an empty company": (put(corpId=""), Outcome.OTHER_IDP, 403),
    "I-62 another company": (put(corpId="ding0other"), Outcome.OTHER_IDP, 403),
    "I-62 a company twice": (twice("corpId"), Outcome.OTHER_IDP, 403),
    "I-62 the company in capitals": (
        lambda world, sent: sent.update(corpId=sent["corpId"].upper()),
        Outcome.OTHER_IDP,
        403,
    ),
    "I-62 no code": (without("code"), Outcome.NO_CODE, 400),
    "I-62 an empty code": (put(code=""), Outcome.NO_CODE, 400),
    "I-62 a code twice": (twice("code"), Outcome.OTHER_IDP, 403),
    "I-62 an unknown code": (put(code="0" * 32), Outcome.CODE, 403),
    "I-62 a code of 10 kB": (put(code="0" * 10_000), Outcome.NO_CODE, 400),
    "T-27 a code of the vendor's page": (of_the_page, Outcome.CODE, 403),
    "T-27 a code that was used": (replayed, Outcome.CODE, 403),
    "T-27 an outsider's": (of_an_outsider, Outcome.CODE, 403),
    "T-15 a closed IdP": (closed, Outcome.OTHER_IDP, 403),
    "T-15 a draft": (draft, Outcome.OTHER_IDP, 403),
    **{
        f"I-62 set X {place} as the company": (
            put(corpId=value),
            Outcome.OTHER_IDP,
            403,
        )
        for place, value in enumerate(ODD)
    },
}


@pytest.mark.parametrize("name", CASES)
def test_it_opens_nothing_and_its_twin_does(world: World, name: str) -> None:
    spoil, outcome, status = CASES[name]
    sent = world.silently
    spoil(world, sent)
    response = world.browser.send(**sent)
    assert (ended()[1], response.status_code) == (outcome, status)
    assert not LogonSession.objects.filter(ended_at=None).exists()
    assert "no-store" in response["Cache-Control"]
    world.idp.save()
    assert world.browser.send(**world.silently).status_code == 302
    assert world.browser.session is not None


def test_I_62_another_page_of_no_vendor(world: World) -> None:
    assert world.browser.send("other", **world.silently).status_code == 403
    assert world.browser.send("dingAuth", **world.silently).status_code == 302


def test_I_62_one_company_at_two_idps_is_nobodys(world: World) -> None:
    twin = builders.idp("Twin", settings=world.idp.settings)
    assert world.browser.send(**world.silently).status_code == 403
    twin.delete()
    assert world.browser.send(**world.silently).status_code == 302


def test_I_62_what_names_no_company_of_ours_takes_nobody_s_turn(world: World) -> None:
    """Behind a proxy all have one address: a stranger must not use up what it has."""
    world.browser.send(**world.silently | {"corpId": "ding0other"})
    turns = Tally.objects.filter(key__startswith="logon.silent")
    assert not turns.exists()
    assert world.browser.send(**world.silently).status_code == 302
    assert turns.get().count == 1


def test_I_62_a_stranger_does_not_make_us_ask_on_and_on(world: World) -> None:
    """The vendor takes only so many calls of us. Elsewhere, and by the vendor's page,
    people go on to log on."""
    made_up = {"code": "0" * 32, "corpId": world.simulator.corp_id}
    for _time in range(3):
        assert world.browser.send(**made_up).status_code == 403
    Tally.objects.filter(key__startswith=GUESSES).update(count=STRAYS)
    world.simulator.calls.clear()
    assert world.browser.send(**made_up).status_code == 429
    assert not world.simulator.calls
    elsewhere = Browser()
    elsewhere.client.defaults["REMOTE_ADDR"] = "192.0.2.9"
    assert elsewhere.send(**world.silently).status_code == 302
    assert world.log_on().status_code == 302


def test_codes_that_are_right_are_no_guesses(world: World) -> None:
    for _time in range(3):
        assert world.browser.send(**world.silently).status_code == 302
    assert not Tally.objects.filter(key__startswith=GUESSES).exists()


def strict(world: World) -> tuple[Client, dict[str, str]]:
    """A browser whose forms need our key against forgery, and a form with it."""
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    token = client.cookies["sasebridge_csrf"].value
    return client, world.silently | {"csrfmiddlewaretoken": token}


FORGED: dict[str, tuple[Callable[[dict[str, str]], Any], dict[str, str]]] = {
    "T-27 without the form's key": (lambda form: form.pop("csrfmiddlewaretoken"), {}),
    "T-27 another key": (
        lambda form: form.update(csrfmiddlewaretoken="x" * 64),
        {},
    ),
    "T-27 a foreign origin": (lambda form: None, {"origin": "https://evil.example"}),
    "T-27 an origin like ours": (
        lambda form: None,
        {"origin": "http://testserver.evil.example"},
    ),
    "T-27 another scheme": (lambda form: None, {"origin": "https://testserver"}),
    "T-27 another port": (lambda form: None, {"origin": "http://testserver:81"}),
    "T-27 a frame without an origin": (lambda form: None, {"origin": "null"}),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_foreign_page_sends_nothing_and_our_own_does(world: World, name: str) -> None:
    spoil, headers = FORGED[name]
    client, form = strict(world)
    spoil(form)
    assert client.post(ADDRESS, form, headers=headers).status_code == 403
    assert not LogonAttempt.objects.exists()
    client, form = strict(world)
    own = {"origin": "http://testserver"}
    assert client.post(ADDRESS, form, headers=own).status_code == 302


def test_T_27_no_page_of_ours_stands_in_a_frame(world: World) -> None:
    response = world.browser.send(corpId="x")
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
