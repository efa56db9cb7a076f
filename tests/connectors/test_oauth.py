"""Who is behind a code: the logon's three questions, and every way to be refused."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from identity.connectors import errors
from identity.connectors.dingtalk import client as calls
from identity.connectors.dingtalk import oauth
from identity.connectors.dingtalk.answers import UserToken
from identity.connectors.dingtalk.calling import TOKEN, Call
from identity.connectors.dingtalk.connector import DingTalk
from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Outsider, Person
from identity.connectors.dingtalk.simulator.wire import modern
from identity.connectors.dingtalk.transport import Request
from identity.connectors.errors import LogonFault, LogonRefused
from identity.connectors.records import Check, CheckStatus, LogonStage, LogonWay
from tests.connectors.conftest import CountingGate

pytestmark = pytest.mark.alone

BACK = "https://console.example.test/open-dev/dingtalk"
READ, MOBILE = "permission_Contact.User.Read", "permission_Contact.User.mobile"
EXCHANGED = [LogonStage.EXCHANGE]
IDENTIFIED = [*EXCHANGED, LogonStage.IDENTITY]
ALL = [*IDENTIFIED, LogonStage.COMPANY]


@dataclass
class Watch:
    """Hears all, keeps all."""

    stages: list[LogonStage] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def passed(self, stage: LogonStage) -> None:
        self.stages.append(stage)

    def verdict(self, check: Check) -> None:
        self.checks.append(check)

    @property
    def verdicts(self) -> dict[str, CheckStatus]:
        return {check.key: check.status for check in self.checks}


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def li(simulator: Simulator) -> Person:
    return simulator.company.hire("Li Lei", 501001, mobile="13711112222")


@pytest.fixture
def stranger(simulator: Simulator) -> Outsider:
    return next(iter(simulator.company.outsiders.values()))


@pytest.fixture
def contact(simulator: Simulator) -> Outsider:
    return list(simulator.company.outsiders.values())[1]


# --- the address ---


def asked(address: str) -> dict[str, str]:
    found = parse_qs(urlsplit(address).query, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {key: values[0] for key, values in found.items()}


def test_the_page_gets_every_parameter_of_the_document(dingtalk: DingTalk) -> None:
    """S173: DingTalk's own page, with prompt=consent and the company preselected."""
    address = dingtalk.logon_url(LogonWay.PAGE, callback=BACK, state="s 1/é&x=y")
    assert address.startswith("https://login.dingtalk.com/oauth2/auth?")
    assert "scope=openid%20corpid" in address
    assert asked(address) == {
        "redirect_uri": BACK,
        "response_type": "code",
        "client_id": dingtalk.credentials["app_key"],
        "scope": "openid corpid",
        "prompt": "consent",
        "state": "s 1/é&x=y",
        "corpId": dingtalk.company(),
    }


def test_the_frame_differs_from_the_page_by_its_mode_alone(dingtalk: DingTalk) -> None:
    """S174: the QR code in our own page."""
    page = asked(dingtalk.logon_url(LogonWay.PAGE, callback=BACK, state="s"))
    frame = asked(dingtalk.logon_url(LogonWay.QR, callback=BACK, state="s"))
    assert frame == page | {"iframe": "true"}


@pytest.mark.parametrize("way", [LogonWay.PAGE, LogonWay.QR])
def test_dedicated_dingtalk_goes_straight_to_its_company(
    credentials: dict[str, str], gate: CountingGate, way: LogonWay
) -> None:
    dedicated = DingTalk(credentials | {"dingtalk_type": "dedicated"}, gate)
    found = asked(dedicated.logon_url(way, callback=BACK, state="s"))
    assert found["exclusiveLogin"] == "true"
    assert found["exclusiveCorpId"] == found["corpId"] == dedicated.company()


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("https://login.dingtalk.com", "https://login.dingtalk.com"),
        ("http://127.0.0.1:8001/login/", "http://127.0.0.1:8001"),
    ],
)
def test_what_our_page_may_frame_is_the_logon_pages_host(
    dingtalk: DingTalk, settings: Any, base: str, origin: str
) -> None:
    settings.DINGTALK_LOGIN_URL = base
    assert dingtalk.logon_origin() == origin
    address = dingtalk.logon_url(LogonWay.QR, callback=BACK, state="s")
    assert address.startswith(f"{base.rstrip('/')}/oauth2/auth?")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"code": "C", "authCode": "C"}, "C"),
        ({"code": "old", "authCode": "new"}, "new"),
        ({"code": "C"}, "C"),
        ({"error": "access_denied"}, ""),
        ({"authCode": "", "code": ""}, ""),
    ],
)
def test_the_code_is_taken_by_both_of_its_names(
    dingtalk: DingTalk, answer: dict[str, str], code: str
) -> None:
    assert dingtalk.code_of(answer) == code


# --- who it is ---


@pytest.mark.parametrize("way", [LogonWay.PAGE, LogonWay.QR])
def test_a_code_of_the_page_leads_to_its_person(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person, way: LogonWay
) -> None:
    found = dingtalk.identify(simulator.browser_code(li.unionid), way, watch)
    assert (found.userid, found.unionid) == (li.userid, li.unionid)
    assert found.name == "Li Lei"
    assert watch.stages == ALL
    assert watch.verdicts == {READ: CheckStatus.PASS, MOBILE: CheckStatus.PASS}
    assert simulator.calls == {
        calls.USER_TOKEN: 1, calls.ME: 1, TOKEN: 1, calls.BY_UNIONID: 1,
    }  # fmt: skip


def test_a_code_of_dingtalks_client_leads_to_its_person(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    code = simulator.in_app_code(li.userid)
    found = dingtalk.identify(code, LogonWay.SILENT, watch)
    assert (found.userid, found.unionid) == (li.userid, li.unionid)
    assert watch.stages == ALL
    assert watch.verdicts == {}
    assert simulator.calls == {TOKEN: 1, calls.BY_CODE: 1}


def test_a_person_without_a_mobile_number_logs_on(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    """Enterprise accounts have none: the number is a hint, never a key (T-11)."""
    simulator.company.update(li.userid, mobile="")
    found = dingtalk.identify(simulator.browser_code(li.unionid), LogonWay.PAGE, watch)
    assert found.userid == li.userid
    assert watch.verdicts == {READ: CheckStatus.PASS, MOBILE: CheckStatus.WARN}
    told = watch.checks[1]
    assert "mobile number" in told.cause
    assert told.fix
    assert told.link.endswith("%23Contact.User.mobile")


def test_no_turn_is_waited_for(
    dingtalk: DingTalk,
    gate: CountingGate,
    settings: Any,
    simulator: Simulator,
    watch: Watch,
    li: Person,
) -> None:
    """A person waits; a full sync of the same app must not stand before them."""
    settings.DINGTALK_RATE = 20
    dingtalk.identify(simulator.browser_code(li.unionid), LogonWay.PAGE, watch)
    dingtalk.identify(simulator.in_app_code(li.userid), LogonWay.SILENT, watch)
    assert set().union(*gate.rates.values()) == {0.0}


# --- T-10: the company ---

Prepare = Callable[[Simulator, Person, Outsider, Outsider], str]


def _ours(simulator: Simulator, li: Person, *_: Outsider) -> str:
    return simulator.browser_code(li.unionid)


def _another_company_chosen(simulator: Simulator, li: Person, *_: Outsider) -> str:
    return simulator.browser_code(li.unionid, corp_id="ding0ther")


def _no_company_named(simulator: Simulator, li: Person, *_: Outsider) -> str:
    return simulator.browser_code(li.unionid, "openid")


def _stranger(simulator: Simulator, li: Person, stranger: Outsider, _: Outsider) -> str:
    return simulator.browser_code(stranger.unionid)


def _stranger_claiming_ours(
    simulator: Simulator, li: Person, stranger: Outsider, _: Outsider
) -> str:
    return simulator.browser_code(stranger.unionid, corp_id=simulator.corp_id)


def _contact_claiming_ours(
    simulator: Simulator, li: Person, _: Outsider, contact: Outsider
) -> str:
    return simulator.browser_code(contact.unionid, corp_id=simulator.corp_id)


def _leaver(simulator: Simulator, li: Person, *_: Outsider) -> str:
    code = simulator.browser_code(li.unionid)
    simulator.company.let_go(li.userid)
    return code


def _leaver_after_the_token(simulator: Simulator, li: Person, *_: Outsider) -> str:
    leave = lambda: simulator.company.let_go(li.userid)  # noqa: E731
    simulator.faults.before(calls.BY_UNIONID, 1, leave)
    return simulator.browser_code(li.unionid)


@pytest.mark.parametrize(
    ("prepare", "fault", "stages", "last"),
    [
        pytest.param(*case[1:], id=case[0])
        for case in (
            ("T-10-twin", _ours, None, ALL, calls.BY_UNIONID),
            (
                "T-10-another-company", _another_company_chosen,
                LogonFault.COMPANY, IDENTIFIED, calls.ME,
            ),
            (
                "T-10-no-company", _no_company_named,
                LogonFault.COMPANY, IDENTIFIED, calls.ME,
            ),
            ("T-10-stranger", _stranger, LogonFault.COMPANY, IDENTIFIED, calls.ME),
            (
                "T-10-stranger-past-the-first-check", _stranger_claiming_ours,
                LogonFault.STRANGER, IDENTIFIED, calls.BY_UNIONID,
            ),
            (
                "T-10-contact-past-the-first-check", _contact_claiming_ours,
                LogonFault.EXTERNAL, IDENTIFIED, calls.BY_UNIONID,
            ),
            ("T-16-leaver", _leaver, LogonFault.STRANGER, EXCHANGED, calls.ME),
            (
                "T-16-leaver-between-calls", _leaver_after_the_token,
                LogonFault.STRANGER, IDENTIFIED, calls.BY_UNIONID,
            ),
        )
    ],
)  # fmt: skip
def test_each_check_of_the_company_refuses_alone(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    stranger: Outsider,
    contact: Outsider,
    prepare: Prepare,
    fault: LogonFault | None,
    stages: list[LogonStage],
    last: str,
) -> None:
    """The refusing check is the last call made; the earlier ones have passed."""
    code = prepare(simulator, li, stranger, contact)
    if fault is None:
        dingtalk.identify(code, LogonWay.PAGE, watch)
    else:
        with pytest.raises(LogonRefused) as caught:
            dingtalk.identify(code, LogonWay.PAGE, watch)
        assert caught.value.fault is fault
    assert watch.stages == stages
    assert next(reversed(simulator.calls)) == last


def test_an_idp_without_a_company_trusts_no_token(
    credentials: dict[str, str],
    gate: CountingGate,
    simulator: Simulator,
    watch: Watch,
    li: Person,
) -> None:
    """T-10: nothing equals nothing, so both must be there."""
    nobody = DingTalk(credentials | {"corp_id": ""}, gate)
    with pytest.raises(LogonRefused) as caught:
        nobody.identify(
            simulator.browser_code(li.unionid, "openid"), LogonWay.PAGE, watch
        )
    assert caught.value.fault is LogonFault.COMPANY


def test_a_person_gone_from_the_company_is_refused_inside_dingtalk(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    code = simulator.in_app_code(li.userid)
    simulator.company.let_go(li.userid)
    with pytest.raises(LogonRefused) as caught:
        dingtalk.identify(code, LogonWay.SILENT, watch)
    assert (caught.value.fault, caught.value.code) == (LogonFault.STRANGER, "60121")
    assert watch.stages == IDENTIFIED


# --- F-81: the code ---


@pytest.mark.parametrize("way", list(LogonWay))
def test_a_code_is_good_once(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person, way: LogonWay
) -> None:
    """F-81: twice."""
    code = _code(simulator, li, way)
    dingtalk.identify(code, way, Watch())
    _refused(dingtalk, code, way, watch)


@pytest.mark.parametrize("way", list(LogonWay))
def test_a_code_is_good_for_five_minutes(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person, way: LogonWay
) -> None:
    """F-81: late."""
    with time_machine.travel(time.time(), tick=False) as clock:
        early, late = _code(simulator, li, way), _code(simulator, li, way)
        clock.shift(299)
        dingtalk.identify(early, way, Watch())
        clock.shift(2)
        _refused(dingtalk, late, way, watch)


@pytest.mark.parametrize("way", list(LogonWay))
@pytest.mark.parametrize("code", ["nonsense", "../%00\r\n密", "x" * 512])
def test_what_never_was_a_code_is_refused(
    dingtalk: DingTalk, watch: Watch, way: LogonWay, code: str
) -> None:
    _refused(dingtalk, code, way, watch)


@pytest.mark.parametrize("way", list(LogonWay))
@pytest.mark.parametrize("code", ["", "x" * 513])
def test_what_cannot_be_a_code_is_not_even_sent(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, way: LogonWay, code: str
) -> None:
    with pytest.raises(LogonRefused) as caught:
        dingtalk.identify(code, way, watch)
    assert caught.value.fault is LogonFault.CODE
    assert simulator.calls == {}


@pytest.mark.parametrize(
    ("made_by", "taken_as"),
    [
        (LogonWay.PAGE, LogonWay.SILENT),
        (LogonWay.SILENT, LogonWay.PAGE),
        (LogonWay.SILENT, LogonWay.QR),
    ],
)
def test_the_two_kinds_of_code_never_mix(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    made_by: LogonWay,
    taken_as: LogonWay,
) -> None:
    """T-27."""
    code = _code(simulator, li, made_by)
    _refused(dingtalk, code, taken_as, watch)
    dingtalk.identify(code, made_by, Watch())


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("40078", LogonFault.CODE),
        ("40079", LogonFault.CODE),
        ("41026", LogonFault.CODE),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_every_refusal_of_an_in_app_code_is_one(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    number: str,
    fault: LogonFault,
    wrapped: bool,
) -> None:
    simulator.faults.add(effects.error(number, wrapped=wrapped), calls.BY_CODE)
    with pytest.raises(LogonRefused) as caught:
        dingtalk.identify(simulator.in_app_code(li.userid), LogonWay.SILENT, watch)
    assert (caught.value.fault, caught.value.code) == (fault, number)


def _code(simulator: Simulator, person: Person, way: LogonWay) -> str:
    if way is LogonWay.SILENT:
        return simulator.in_app_code(person.userid)
    return simulator.browser_code(person.unionid)


def _refused(dingtalk: DingTalk, code: str, way: LogonWay, watch: Watch) -> None:
    with pytest.raises(LogonRefused) as caught:
        dingtalk.identify(code, way, watch)
    assert caught.value.fault is LogonFault.CODE
    assert caught.value.code
    assert watch.stages == []


# --- what keeps DingTalk from answering ---


@pytest.mark.parametrize(
    ("path", "fault", "kind", "stages"),
    [
        (calls.USER_TOKEN, "busy", errors.Unreachable, []),
        (calls.USER_TOKEN, "address_refused", errors.AddressRejected, []),
        (calls.USER_TOKEN, "banned_json", errors.Throttled, []),
        (calls.USER_TOKEN, "quota_used_up", errors.Throttled, []),
        (calls.USER_TOKEN, "truncated", errors.Unreachable, []),
        (calls.ME, "busy", errors.Unreachable, EXCHANGED),
        (calls.ME, "address_refused", errors.AddressRejected, EXCHANGED),
        (calls.ME, "token_invalid", errors.CredentialsRejected, EXCHANGED),
        (TOKEN, "busy", errors.Unreachable, IDENTIFIED),
        (
            calls.BY_UNIONID,
            "permission_withdrawn",
            errors.PermissionMissing,
            IDENTIFIED,
        ),
        (calls.BY_UNIONID, "address_refused", errors.AddressRejected, IDENTIFIED),
        (calls.BY_UNIONID, "app_stopped", errors.CredentialsRejected, IDENTIFIED),
        (calls.BY_UNIONID, "result_null", errors.Unexpected, IDENTIFIED),
        (calls.BY_UNIONID, "no_result", errors.Unexpected, IDENTIFIED),
        (calls.BY_UNIONID, "banned_page", errors.Foreign, IDENTIFIED),
    ],
)
def test_a_failing_call_is_an_error_of_its_stage(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    path: str,
    fault: str,
    kind: type[errors.ConnectorError],
    stages: list[LogonStage],
) -> None:
    simulator.faults.add(fault, path)
    code = simulator.browser_code(li.unionid)
    with pytest.raises(kind) as caught:
        dingtalk.identify(code, LogonWay.PAGE, watch)
    assert watch.stages == stages
    assert caught.value.remedy
    assert code not in f"{caught.value!r} {caught.value.words}"


def test_a_wrong_secret_is_a_matter_of_credentials(
    credentials: dict[str, str],
    gate: CountingGate,
    simulator: Simulator,
    watch: Watch,
    li: Person,
) -> None:
    wrong = DingTalk(credentials | {"app_secret": "another-secret"}, gate)
    code = simulator.browser_code(li.unionid)
    for way in LogonWay:
        with pytest.raises(errors.CredentialsRejected):
            wrong.identify(code, way, watch)
    assert DingTalk(credentials, gate).identify(code, LogonWay.PAGE, watch)


def test_without_the_permission_to_read_nobody_logs_on_and_the_verdict_says_so(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    simulator.permissions.discard("Contact.User.Read")
    with pytest.raises(errors.PermissionMissing) as caught:
        dingtalk.identify(simulator.browser_code(li.unionid), LogonWay.PAGE, watch)
    assert caught.value.scopes == ("Contact.User.Read",)
    assert watch.stages == EXCHANGED
    (told,) = watch.checks
    assert (told.key, told.status) == (READ, CheckStatus.FAIL)
    assert "Nobody can log on" in told.cause
    assert told.fix
    assert told.link.endswith("%23Contact.User.Read")
    assert told.facts["scope"] == "Contact.User.Read"


def test_an_employee_outside_the_range_is_told_apart_from_a_stranger(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    simulator.narrow([501002])
    with pytest.raises(errors.OutOfScope):
        dingtalk.identify(simulator.browser_code(li.unionid), LogonWay.PAGE, watch)
    assert watch.stages == IDENTIFIED


@pytest.mark.parametrize(
    ("path", "way", "change"),
    [
        (calls.USER_TOKEN, LogonWay.PAGE, {"accessToken": None}),
        (calls.USER_TOKEN, LogonWay.PAGE, {"accessToken": ""}),
        (calls.USER_TOKEN, LogonWay.PAGE, {"accessToken": "a\r\nX-Other: b"}),
        (calls.USER_TOKEN, LogonWay.PAGE, {"accessToken": ["a"]}),
        (calls.ME, LogonWay.PAGE, {"unionId": ""}),
        (calls.ME, LogonWay.PAGE, {"unionId": None}),
        (calls.ME, LogonWay.PAGE, {"unionId": "x" * 129}),
        (calls.ME, LogonWay.PAGE, {"unionId": "a\x00b"}),
        (calls.ME, LogonWay.PAGE, {"unionId": " padded "}),
        (calls.BY_UNIONID, LogonWay.PAGE, {"result": {"userid": "u"}}),
        (calls.BY_UNIONID, LogonWay.PAGE, {"result": {"contact_type": 0}}),
        (
            calls.BY_UNIONID,
            LogonWay.PAGE,
            {"result": {"contact_type": 2, "userid": "u"}},
        ),
        (
            calls.BY_UNIONID,
            LogonWay.PAGE,
            {"result": {"contact_type": False, "userid": "u"}},
        ),
        (calls.BY_CODE, LogonWay.SILENT, {"result": {"userid": "u"}}),
        (calls.BY_CODE, LogonWay.SILENT, {"result": {"unionid": "u"}}),
    ],
)
def test_an_answer_of_another_shape_lets_nobody_in(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    path: str,
    way: LogonWay,
    change: dict[str, Any],
) -> None:
    simulator.faults.add(effects.altered(lambda content: content | change), path)
    with pytest.raises(errors.Unexpected) as caught:
        dingtalk.identify(_code(simulator, li, way), way, watch)
    assert caught.value.code == "shape"
    assert LogonStage.COMPANY not in watch.stages


# --- F-80: a person waits ---


@pytest.mark.parametrize("path", [calls.ME, TOKEN, calls.BY_UNIONID])
def test_one_hiccup_is_got_over(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person, path: str
) -> None:
    simulator.faults.add("busy", path, times=1)
    dingtalk.identify(simulator.browser_code(li.unionid), LogonWay.PAGE, watch)
    assert simulator.calls[path] == 2


@pytest.mark.parametrize("path", [calls.ME, calls.BY_UNIONID])
def test_a_second_hiccup_is_not(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person, path: str
) -> None:
    simulator.faults.add("busy", path, times=2)
    with pytest.raises(errors.Unreachable):
        dingtalk.identify(simulator.browser_code(li.unionid), LogonWay.PAGE, watch)
    assert simulator.calls[path] == 2


@pytest.mark.parametrize(
    ("way", "path"),
    [(LogonWay.PAGE, calls.USER_TOKEN), (LogonWay.SILENT, calls.BY_CODE)],
)
def test_a_code_is_sent_once_because_the_lost_answer_may_have_used_it(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    way: LogonWay,
    path: str,
) -> None:
    """F-80: else DingTalk being out of order would look like a used code."""
    simulator.faults.add("broken", path)
    with pytest.raises(errors.Unreachable):
        dingtalk.identify(_code(simulator, li, way), way, watch)
    assert simulator.calls[path] == 1


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        (calls.USER_TOKEN, []),
        (calls.ME, EXCHANGED),
        (TOKEN, IDENTIFIED),
        (calls.BY_UNIONID, IDENTIFIED),
    ],
)
def test_whatever_hangs_a_logon_ends_in_time(
    on_a_port: Simulator,
    credentials: dict[str, str],
    gate: CountingGate,
    watch: Watch,
    li: Person,
    path: str,
    stages: list[LogonStage],
) -> None:
    """F-80: the limit is for all calls together, retries included."""
    assert oauth.BUDGET < 10
    on_a_port.faults.add(effects.slow(1.5), path)
    code, began = on_a_port.browser_code(li.unionid), time.monotonic()
    with pytest.raises(errors.Unreachable) as caught:
        oauth.identify(credentials, gate, code, LogonWay.PAGE, watch, budget=0.4)
    assert time.monotonic() - began < 1.2
    assert caught.value.reason == "deadline"
    assert watch.stages == stages


@pytest.mark.parametrize("fault", ["busy", "too_fast"])
def test_no_wait_begins_that_would_outlast_the_time(
    credentials: dict[str, str],
    gate: CountingGate,
    simulator: Simulator,
    settings: Any,
    watch: Watch,
    li: Person,
    fault: str,
) -> None:
    """F-80."""
    settings.DINGTALK_RETRY_BASE = 10
    simulator.faults.add(fault, calls.ME)
    code, began = simulator.browser_code(li.unionid), time.monotonic()
    with pytest.raises((errors.Unreachable, errors.Throttled)):
        oauth.identify(credentials, gate, code, LogonWay.PAGE, watch, budget=0.9)
    assert time.monotonic() - began < 0.9
    assert simulator.calls[calls.ME] == 1


def test_a_sync_that_waits_for_its_token_holds_up_no_logon_for_ever(
    on_a_port: Simulator,
    credentials: dict[str, str],
    gate: CountingGate,
    watch: Watch,
    li: Person,
) -> None:
    """F-80, F-50: all threads of a process share one request for a token."""
    on_a_port.faults.add(effects.slow(1.2), TOKEN)
    with ThreadPoolExecutor(1) as pool:
        sync = pool.submit(DingTalk(credentials, gate).headcount)
        while not on_a_port.calls[TOKEN]:
            time.sleep(0.01)
        code, began = on_a_port.browser_code(li.unionid), time.monotonic()
        with pytest.raises(errors.Unreachable) as caught:
            oauth.identify(credentials, gate, code, LogonWay.PAGE, watch, budget=0.3)
        assert time.monotonic() - began < 1.0
        assert caught.value.reason == "deadline"
        assert sync.result() == len(on_a_port.company.people)


def test_a_dead_app_token_is_renewed_and_the_code_is_not_lost(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    dingtalk.headcount()
    simulator.revoke_tokens()
    code = simulator.in_app_code(li.userid)
    assert dingtalk.identify(code, LogonWay.SILENT, watch).userid == li.userid
    assert watch.stages == ALL


# --- T-40: nothing secret ---


def test_neither_logs_nor_errors_nor_reprs_hold_a_code_or_a_token(
    dingtalk: DingTalk,
    simulator: Simulator,
    watch: Watch,
    li: Person,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    codes = [_code(simulator, li, way) for way in LogonWay]
    for code, way in zip(codes, LogonWay, strict=True):
        dingtalk.identify(code, way, watch)
        with pytest.raises(LogonRefused) as caught:
            dingtalk.identify(code, way, watch)
        assert code not in repr(caught.value)
    app_token = simulator.app_token.value if simulator.app_token else ""
    secrets = [*codes, *simulator.user_tokens, app_token, simulator.app_secret]
    for secret in filter(None, secrets):
        assert secret not in caplog.text
    assert li.mobile not in caplog.text


def test_an_answer_that_repeats_the_code_does_not_show_it(
    dingtalk: DingTalk, simulator: Simulator, watch: Watch, li: Person
) -> None:
    code = simulator.browser_code(li.unionid)

    def repeat(call: effects.Call, answer: object) -> effects.Reply:
        return modern(400, "odd", f"authCode {code} is odd")

    simulator.faults.add(repeat, calls.USER_TOKEN)
    with pytest.raises(errors.ConnectorError) as caught:
        dingtalk.identify(code, LogonWay.PAGE, watch)
    assert "authCode *** is odd" in caught.value.words


def test_values_that_carry_secrets_do_not_show_them() -> None:
    secret = "s3cret-value"
    shown = [
        repr(UserToken(secret, "ding1")),
        repr(Request("GET", "https://x", {"t": secret}, {"c": secret}, {"h": secret})),
        repr(
            Call("GET", "n", "u", {"c": secret}, False, 0.0, {"h": secret}, (secret,))
        ),
    ]
    assert secret not in " ".join(shown)
