"""What comes back from the vendor's page, and is not to be believed: I-61, T-10, T-18,
T-19, T-28, F-81. Each case changes one thing of a logon; its twin is that logon unchanged.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.credentials import Credentials
from identity.connectors.dingtalk.simulator.records import Outsider
from identity.logon import Outcome
from identity.logon.finishing import MOST, STRAYS
from identity.models import LogonAttempt, LogonSession, LogonState, Tally
from tests.logon.browsers import Browser, ended, last
from tests.logon.conftest import World, known

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
COOKIE = "sasebridge_browser"


@dataclass
class Flow:
    """A logon that is about to come back: where, in which browser, with what."""

    browser: Browser
    answer: dict[str, Any]
    kind: str = "dingtalk"

    @classmethod
    def begun(cls, world: World) -> "Flow":
        browser = Browser()
        state = browser.begin(world.idp, onward="/anywhere/")
        return cls(browser, {"state": state, "code": world.code()})

    def finish(self) -> Any:
        return self.browser.back(self.kind, **self.answer)

    @property
    def cookie(self) -> str:
        return str(self.browser.client.cookies[COOKIE].value)


Spoil = Callable[[World, Flow], Any]


def without(name: str) -> Spoil:
    return lambda world, flow: flow.answer.pop(name)


def answer(**values: Any) -> Spoil:
    return lambda world, flow: flow.answer.update(values)


def of_state(change: Callable[[str], object]) -> Spoil:
    return lambda world, flow: flow.answer.update(state=change(flow.answer["state"]))


def of_code(change: Callable[[str], object]) -> Spoil:
    return lambda world, flow: flow.answer.update(code=change(flow.answer["code"]))


def cookie(value: str | None) -> Spoil:
    def change(world: World, flow: Flow) -> None:
        flow.browser.client.cookies.pop(COOKIE)
        if value is not None:
            flow.browser.client.cookies[COOKIE] = value

    return change


def in_another_browser(world: World, flow: Flow) -> None:
    """An attacker sends the victim a link with the attacker's own code (T-18)."""
    flow.browser = Browser()
    flow.browser.begin(world.idp)


def one_bit(state: str) -> str:
    return chr(ord(state[0]) ^ 1) + state[1:]


def older(seconds: float) -> Spoil:
    def age(world: World, flow: Flow) -> None:
        gone = timedelta(seconds=seconds)
        LogonState.objects.update(created_at=F("created_at") - gone)

    return age


def used(world: World, flow: Flow) -> None:
    assert flow.finish().status_code == 302
    flow.browser.client.post("/accounts/logout/")
    LogonSession.objects.all().delete()
    flow.answer["code"] = world.code()


def closed(world: World, flow: Flow) -> None:
    type(world.idp).objects.filter(pk=world.idp.pk).update(status="closed")


def draft(world: World, flow: Flow) -> None:
    type(world.idp).objects.filter(pk=world.idp.pk).update(confirmed_at=None)


def spent(world: World, flow: Flow) -> None:
    other = Browser()
    other.back(code=flow.answer["code"], state=other.begin(world.idp))
    LogonSession.objects.all().delete()


def of_somebody(which: int, **chosen: str) -> Spoil:
    """The code of somebody who does not work here."""

    def take(world: World, flow: Flow) -> None:
        flow.answer["code"] = world.code(unionid=outsider(world, which).unionid)
        if chosen:
            simulator = world.simulator
            flow.answer["code"] = world.code(
                unionid=outsider(world, which).unionid, corp_id=simulator.corp_id
            )

    return take


def outsider(world: World, which: int) -> Outsider:
    return list(world.simulator.company.outsiders.values())[which]


def without_company(world: World, flow: Flow) -> None:
    flow.answer["code"] = world.code(scope="openid")


def of_the_other_kind(world: World, flow: Flow) -> None:
    flow.answer["code"] = world.in_app_code()


def of_another_app(world: World, flow: Flow) -> None:
    """Of the same company and person, but another app gave it out."""
    app = Credentials.of_seed("another app")
    other = Simulator(world.simulator.company, **asdict(app))
    flow.answer["code"] = other.browser_code(world.anyone.unionid)


def swapped(world: World, flow: Flow) -> None:
    flow.answer = {"state": flow.answer["code"], "code": flow.answer["state"]}


def value_of(kind: str) -> Callable[[World, Flow], str]:
    """A one-time value, or another that names something, of each kind (T-19)."""

    def value(world: World, flow: Flow) -> str:
        if kind == "csrf token":
            flow.browser.client.get("/accounts/login/")
            return str(flow.browser.client.cookies["sasebridge_csrf"].value)
        if kind == "session key":
            Browser.begin(flow.browser, world.idp)
            session = flow.browser.client.session
            session.save()
            return str(session.session_key)
        values: dict[str, str] = {
            "state": flow.answer["state"],
            "code": flow.answer["code"],
            "in-app code": world.in_app_code(),
            "browser": flow.cookie,
            "digest": LogonState.objects.filter(way="page").latest("pk").digest,
            "sub": world.person.sub.hex,
            "unionid": world.anyone.unionid,
        }
        return values[kind]

    return value


def in_place_of(name: str, kind: str) -> Spoil:
    def change(world: World, flow: Flow) -> None:
        flow.answer[name] = value_of(kind)(world, flow)

    return change


def as_cookie(kind: str) -> Spoil:
    def change(world: World, flow: Flow) -> None:
        value = value_of(kind)(world, flow)
        flow.browser.client.cookies[COOKIE] = value

    return change


CASES: dict[str, tuple[Spoil, Outcome, int]] = {
    "I-61 no state": (without("state"), Outcome.NO_STATE, 400),
    "I-61 an empty state": (answer(state=""), Outcome.NO_STATE, 400),
    "I-61 a state twice": (of_state(lambda s: [s, s]), Outcome.NO_STATE, 400),
    "I-61 two states": (of_state(lambda s: ["x", s]), Outcome.NO_STATE, 400),
    "I-61 one bit changed": (of_state(one_bit), Outcome.UNKNOWN_STATE, 400),
    "I-61 a state of 10 kB": (of_state(lambda s: s * 233), Outcome.UNKNOWN_STATE, 400),
    "I-61 a blank after it": (of_state(lambda s: s + " "), Outcome.UNKNOWN_STATE, 400),
    "I-61 a state cut off": (of_state(lambda s: s[:-1]), Outcome.UNKNOWN_STATE, 400),
    "I-61 a NUL in it": (of_state(lambda s: s + "\0"), Outcome.UNKNOWN_STATE, 400),
    "I-61 a state's name twice": (
        answer(**{"state[]": "x", "state": ""}),
        Outcome.NO_STATE,
        400,
    ),
    "I-61 a used state": (used, Outcome.USED, 410),
    "I-61 an old state": (older(601), Outcome.EXPIRED, 410),
    "I-61 a state of a year ago": (older(3e7), Outcome.EXPIRED, 410),
    "I-61 an IdP of another kind": (
        lambda world, flow: setattr(flow, "kind", "other"),
        Outcome.OTHER_IDP,
        403,
    ),
    "I-61 the kind in capitals": (
        lambda world, flow: setattr(flow, "kind", "DingTalk"),
        Outcome.OTHER_IDP,
        403,
    ),
    "I-61 no code": (without("code"), Outcome.NO_CODE, 400),
    "I-61 an empty code": (answer(code=""), Outcome.NO_CODE, 400),
    "I-61 a code twice": (of_code(lambda c: [c, c]), Outcome.NO_STATE, 400),
    "I-61 two of both": (
        of_code(lambda c: [c, "x"]),
        Outcome.NO_STATE,
        400,
    ),
    "I-61 another authCode": (answer(authCode="x"), Outcome.CODE, 403),
    "I-61 authCode twice": (answer(authCode=["x", "x"]), Outcome.NO_STATE, 400),
    "I-61 a code of 10 kB": (of_code(lambda c: c * 320), Outcome.NO_CODE, 400),
    "I-61 a code in Chinese": (answer(code="验证码"), Outcome.NO_CODE, 400),
    "I-61 a new line in the code": (
        of_code(lambda c: f"{c}\r\nX: y"),
        Outcome.NO_CODE,
        400,
    ),
    "I-61 an error instead": (
        lambda world, flow: flow.answer.update(error="access_denied", code=""),
        Outcome.DECLINED,
        403,
    ),
    "I-61 mark-up as the error": (
        lambda world, flow: flow.answer.update(error="<script>", code=""),
        Outcome.DECLINED,
        403,
    ),
    "F-81 an unknown code": (of_code(one_bit), Outcome.CODE, 403),
    "F-81 a code that was used": (spent, Outcome.CODE, 403),
    "F-81 a code of another app": (of_another_app, Outcome.CODE, 403),
    "F-81 a code of the vendor's client": (of_the_other_kind, Outcome.CODE, 403),
    "T-10 a member of another company": (of_somebody(0), Outcome.COMPANY, 403),
    "T-10 who claims to be in ours": (
        of_somebody(0, chosen="ours"),
        Outcome.STRANGER,
        403,
    ),
    "T-10 an outside contact": (of_somebody(1), Outcome.COMPANY, 403),
    "T-10 who claims to be one of us": (
        of_somebody(1, chosen="ours"),
        Outcome.EXTERNAL,
        403,
    ),
    "T-10 a token that names no company": (without_company, Outcome.COMPANY, 403),
    "T-15 an IdP closed meanwhile": (closed, Outcome.CLOSED, 403),
    "T-15 an IdP that is a draft": (draft, Outcome.CLOSED, 403),
    "T-18 a foreign browser": (in_another_browser, Outcome.OTHER_BROWSER, 403),
    "T-18 a browser without cookies": (cookie(None), Outcome.OTHER_BROWSER, 403),
    "T-18 an empty cookie": (cookie(""), Outcome.OTHER_BROWSER, 403),
    "T-18 a cookie that was guessed": (cookie("A" * 43), Outcome.OTHER_BROWSER, 403),
    "T-19 state and code exchanged": (swapped, Outcome.UNKNOWN_STATE, 400),
    **{
        f"T-19 {kind} as the state": (
            in_place_of("state", kind),
            Outcome.UNKNOWN_STATE,
            400,
        )
        for kind in (
            *("code", "in-app code", "browser", "digest", "csrf token"),
            *("session key", "sub", "unionid"),
        )
    },
    **{
        f"T-19 {kind} as the code": (in_place_of("code", kind), Outcome.CODE, 403)
        for kind in (
            *("state", "browser", "digest", "csrf token", "session key", "unionid"),
        )
    },
    **{
        f"T-19 {kind} as the cookie": (as_cookie(kind), Outcome.OTHER_BROWSER, 403)
        for kind in ("state", "code", "digest", "csrf token", "session key", "sub")
    },
}


@pytest.mark.parametrize("name", CASES)
def test_it_opens_nothing_and_its_twin_does(world: World, name: str) -> None:
    spoil, outcome, status = CASES[name]
    bad = Flow.begun(world)
    given = [value for value in bad.answer.values() if isinstance(value, str)]
    spoil(world, bad)
    response = bad.finish()
    assert (ended()[1], response.status_code) == (outcome, status)
    assert not LogonSession.objects.filter(ended_at=None).exists()
    assert flow_is_anonymous(bad)
    page = response.content.decode()
    assert last().trace_id in page
    assert not [value for value in given if value in page]
    assert "no-store" in response["Cache-Control"]
    _enable(world)
    good = Flow.begun(world)
    assert good.finish()["Location"] == "/anywhere/"
    assert good.browser.session is not None


def flow_is_anonymous(flow: Flow) -> bool:
    return "_auth_user_id" not in flow.browser.client.session


def _enable(world: World) -> None:
    world.idp.save()


def test_I_61_nobody_posts_to_the_callback(world: World) -> None:
    flow = Flow.begun(world)
    response = flow.browser.client.post("/open-dev/dingtalk", flow.answer)
    assert response.status_code == 405
    assert flow.finish().status_code == 302


def test_I_61_both_names_of_the_code_are_taken(world: World) -> None:
    flow = Flow.begun(world)
    flow.answer["authCode"] = flow.answer["code"]
    assert flow.finish().status_code == 302


def test_I_61_authCode_alone_is_enough(world: World) -> None:
    flow = Flow.begun(world)
    flow.answer["authCode"] = flow.answer.pop("code")
    assert flow.finish().status_code == 302


def test_I_61_ten_minutes_are_not_over_before_they_are(world: World) -> None:
    flow = Flow.begun(world)
    older(590)(world, flow)
    assert flow.finish().status_code == 302


def test_I_61_the_back_button_opens_nothing_and_ends_nothing(world: World) -> None:
    flow = Flow.begun(world)
    flow.finish()
    session = flow.browser.session
    assert flow.finish().status_code == 410
    assert session is not None
    assert flow.browser.session == session


def test_I_61_two_tabs_may_finish_in_the_other_order(world: World) -> None:
    first = Flow.begun(world)
    state = first.browser.begin(world.idp, onward="/second/")
    second = Flow(first.browser, {"state": state, "code": world.code()})
    assert second.finish()["Location"] == "/second/"
    assert first.finish()["Location"] == "/anywhere/"
    assert LogonSession.objects.filter(ended_at=None).count() == 1


def test_T_15_an_idp_deleted_meanwhile_is_as_if_it_never_was(world: World) -> None:
    flow = Flow.begun(world)
    world.idp.delete()
    assert flow.finish().status_code == 400
    assert ended() == ("state", Outcome.UNKNOWN_STATE)


def test_T_18_a_foreign_browser_cannot_spoil_a_logon(world: World) -> None:
    flow = Flow.begun(world)
    state, mine = flow.answer["state"], flow.browser
    in_another_browser(world, flow)
    assert flow.finish().status_code == 403
    mine.back(state=state, code=world.code())
    assert mine.session is not None


def test_T_18_the_cookie_is_the_browsers_own(world: World) -> None:
    """HttpOnly, Lax; one for all logons of a browser, and drawn by us."""
    first, second = Browser(), Browser()
    first.client.cookies[COOKIE] = "chosen"
    first.begin(world.idp)
    second.begin(world.idp)
    values = {one.client.cookies[COOKIE].value for one in (first, second)}
    assert len(values) == 2
    assert "chosen" not in values
    kept = first.client.cookies[COOKIE]
    assert kept["httponly"]
    assert kept["samesite"] == "Lax"
    before = kept.value
    first.begin(world.idp)
    assert first.client.cookies[COOKIE].value == before


def test_states_that_are_long_over_are_removed(world: World) -> None:
    for _time in range(3):
        world.browser.begin(world.idp)
    older(3601)(world, Flow(world.browser, {}))
    world.browser.begin(world.idp)
    assert LogonState.objects.count() == 2  # of the page, and of the frame


def test_T_11_who_takes_on_the_bosss_mobile_is_still_themselves(world: World) -> None:
    company = world.simulator.company
    boss = next(
        one
        for one in company.people.values()
        if one.active and one.userid != world.anyone.userid
    )
    row = known(world.idp, boss)
    row.mobile, row.email = boss.mobile, "boss@example.test"
    row.save()
    company.update(world.anyone.userid, mobile=boss.mobile, email=row.email)
    world.log_on()
    session = world.browser.session
    assert session is not None
    assert session.sub == world.person.sub.hex != row.sub.hex
    row.refresh_from_db()
    assert row.account is None


def test_an_address_has_its_limit_and_others_have_theirs(world: World) -> None:
    """Nobody fills the tables: beyond it nothing is kept (T-42)."""
    browser = Browser()
    for _time in range(3):
        browser.back()
    Tally.objects.update(count=STRAYS)
    response = browser.back()
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert LogonAttempt.objects.count() == 3
    elsewhere = Client(REMOTE_ADDR="10.1.2.3")
    assert elsewhere.get("/open-dev/dingtalk").status_code == 400
    # Strays keep nobody out who has begun a logon.
    assert Flow.begun(world).finish().status_code == 302
    Tally.objects.update(count=MOST)
    assert Flow.begun(world).finish().status_code == 429
    assert browser.send(**world.silently).status_code == 302
