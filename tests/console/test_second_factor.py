"""The second factor: set up, asked for, used up, reset; nothing opens between password
and code (T-41)."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from identity import second_factor
from identity.fields import CannotOpen
from identity.models import AuditEvent, IdentityProvider, LogonSession, User
from tests.bad_input.rules import RULES, address
from tests.journeys.pages import World, furnished
from tests.plugins.accounts import PASSWORD

LOGON, CODE = "/accounts/login/", "/accounts/login/code/"
ENROL, OFF = "/account/second-factor/", "/account/second-factor/off/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def code_of(account: User, steps: int = 0) -> str:
    """What the app shows so many half minutes from now."""
    device = TOTPDevice.objects.get(user=account)
    key = second_factor._key(device)
    return f"{totp(key, drift=steps):06}"


def guarded(account: User) -> list[str]:
    """Give an account a second factor; its recovery codes."""
    second_factor.begun(account)
    assert second_factor.confirm(account, code_of(account, -1)).right
    return second_factor.new_codes(account)


def password(client: Client, name: str = "bob", **more: str) -> Any:
    return client.post(LOGON, {"username": name, "password": PASSWORD, **more})


def code(client: Client, value: str) -> Any:
    return client.post(CODE, {"code": value})


def recovery(client: Client, value: str) -> Any:
    return client.post(f"{CODE}?recovery=1", {"recovery_code": value})


def is_in(client: Client) -> bool:
    return bool(client.get("/settings/").status_code == 200)


def words(response: Any) -> str:
    return str(response.content.decode())


def test_it_is_set_up_with_a_code_of_the_app(
    staff_console: Client, staff: User
) -> None:
    """QR code, secret in groups of four, code, ten recovery codes, kept."""
    page = words(staff_console.get(ENROL))
    assert "<svg" in page
    assert "style=" not in page
    shown = re.search(r'value="((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})"', page)
    assert shown
    device = TOTPDevice.objects.get(user=staff)
    assert shown[1].replace(" ", "") == second_factor.secret_of(device)
    assert words(staff_console.get(ENROL)).count(shown[1]) == 1, "a reload keeps it"
    assert staff_console.post(ENROL, {"code": "000000"}).status_code == 422
    clock_on(seconds=2)
    page = words(staff_console.post(ENROL, {"code": code_of(staff)}))
    listed = page.split("<pre")[1].split("</pre>")[0].split(">")[1]
    codes = re.findall(r"[a-z2-9]{5}-[a-z2-9]{5}", listed)
    assert len(set(codes)) == 10
    assert "I have kept them" in page
    staff_console.post(f"{ENROL}kept/", {"kept": "on"})
    assert second_factor.are_codes_kept(staff)
    assert is_in(staff_console), "this session has just shown it"
    assert AuditEvent.objects.filter(action="second_factor.add").count() == 1
    assert recovery(half(Client()), codes[0])["Location"] == "/"


def clock_on(**span: int) -> None:
    """Let the throttle's seconds pass: its rows grow older."""
    for row in TOTPDevice.objects.exclude(throttling_failure_timestamp=None):
        row.throttling_failure_timestamp -= timedelta(**span)
        row.save()


def half(client: Client) -> Client:
    """A browser in which the password was right."""
    assert password(client)["Location"] == CODE
    return client


def test_a_logon_takes_password_and_code(client: Client, staff: User) -> None:
    guarded(staff)
    assert password(client, next="/identity/")["Location"] == CODE
    page = words(client.get(CODE))
    assert 'autocomplete="one-time-code"' in page
    assert "Use a recovery code" in page
    response = code(client, code_of(staff))
    assert response["Location"] == "/identity/"
    assert is_in(client)
    event = AuditEvent.objects.get(action="logon.console")
    assert event.detail == {"second_factor": True}


@pytest.fixture
def world(idp: IdentityProvider) -> World:
    return furnished(idp, IdentityProvider.objects.create(kind=idp.kind))


OPEN = {"login", "login-code", "logout", "set_language", "console:theme"}
OPEN |= {"healthz", "readyz"}


def of_the_console() -> list[str]:
    """Every address that only console accounts may open."""
    spaces = ("console:", "identity:", "sync:")
    public = {"identity:logon-return", "identity:in-app", "sync:receive"}
    return [
        name
        for name in RULES
        if name.startswith(spaces)
        and not name.startswith("identity:client")
        and name not in OPEN | public
    ]


def test_T_41_between_password_and_code_nothing_opens(
    client: Client, administrator: User, world: World
) -> None:
    """Every address of the console and of /admin/, by GET and by POST; then the twin."""
    guarded(administrator)
    password(client, "alice")
    paths = [address(name, world) for name in of_the_console()]
    paths += ["/admin/", "/admin/identity/user/", f"/admin/identity/user/{1}/change/"]
    assert len(paths) > 40
    for path in (one for one in paths if not one.startswith("/client/")):
        for response in (client.get(path), client.post(path, {})):
            allowed = response.status_code in (403, 405)
            assert allowed or "/login/" in response["Location"], path
    assert not LogonSession.objects.exists()
    code(client, code_of(administrator))
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("step", "right"), [(-2, False), (-1, False), (0, True), (1, True), (2, False)]
)
def test_T_41_a_code_may_be_half_a_minute_off_and_never_older_than_the_last(
    client: Client, staff: User, step: int, right: bool
) -> None:
    """The last one, of the set-up, was that of the step before."""
    guarded(staff)
    code(half(client), code_of(staff, step))
    assert is_in(client) is right


def test_T_41_a_code_is_right_once(client: Client, staff: User) -> None:
    guarded(staff)
    seen = code_of(staff)
    assert code(half(client), seen).status_code == 302
    thief = half(Client())
    response = code(thief, seen)
    assert response.status_code == 422
    assert "was used already" in words(response)
    assert not is_in(thief)


@pytest.mark.parametrize("written", ["{} {}", "{}-{}", " {}{} ", "wide"])
def test_a_code_is_taken_however_the_app_groups_it(
    client: Client, staff: User, written: str
) -> None:
    guarded(staff)
    right = code_of(staff)
    typed = written.format(right[:3], right[3:])
    if written == "wide":
        typed = right.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    assert code(half(client), typed).status_code == 302


@pytest.mark.parametrize(
    "value",
    ["", "12345", "1234567", "abcdef", "٠١٢٣٤٥", "-00001", "1e5", "\0" * 6, "9" * 9999],
    ids=["none", "5", "7", "letters", "arabic", "minus", "exp", "nul", "long"],
)
def test_T_41_what_is_no_code_opens_nothing(
    client: Client, staff: User, value: str
) -> None:
    guarded(staff)
    for answer in (code, recovery):
        assert answer(half(Client()), value).status_code == 422


def test_T_41_codes_are_tried_slowly_and_the_holder_comes_in_again(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    guarded(staff)
    half(client)
    assert code(client, "000000").status_code == 422
    assert "was not looked at" in words(code(client, code_of(staff)))
    clock.shift(timedelta(seconds=2))
    assert code(client, code_of(staff)).status_code == 302


def test_T_41_the_wait_has_an_end_however_many_were_wrong(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    guarded(staff)
    half(client)
    TOTPDevice.objects.update(
        throttling_failure_count=99, throttling_failure_timestamp=timezone.now()
    )
    second_factor._slow_enough(device := TOTPDevice.objects.get())
    device.throttle_increment()
    clock.shift(timedelta(minutes=9))
    assert code(half(client), code_of(staff)).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_T_41_of_many_at_once_one_code_is_looked_at(staff: User) -> None:
    guarded(staff)
    right = code_of(staff)

    def once(_number: int) -> bool:
        try:
            return second_factor.verify(staff, right).right
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(once, range(8))) == 1


def test_a_recovery_code_lets_in_once_and_says_what_is_left(
    client: Client, staff: User
) -> None:
    codes = guarded(staff)
    assert recovery(half(client), codes[3].upper().replace("-", " "))["Location"] == "/"
    assert "9 are left" in words(client.get("/"))
    assert recovery(half(Client()), codes[3]).status_code == 422


def test_T_41_recovery_codes_of_another_account_or_before_the_new_ones_are_none(
    client: Client, staff: User, administrator: User
) -> None:
    others, old = guarded(administrator), guarded(staff)
    new = second_factor.new_codes(staff)
    for wrong in (others[0], old[0]):
        assert recovery(half(Client()), wrong).status_code == 422
        StaticDevice.objects.update(throttling_failure_timestamp=None)
    assert recovery(half(client), new[0]).status_code == 302


def test_nothing_of_it_is_readable_in_the_database(staff: User) -> None:
    """Key and codes are sealed, and a key that was copied to another row opens nothing."""
    codes = guarded(staff)
    device = TOTPDevice.objects.get()
    plain = second_factor._key(device)
    assert plain.hex() not in device.key
    assert len(device.key) <= 80
    tokens = set(StaticToken.objects.values_list("token", flat=True))
    assert not tokens & {code.replace("-", "") for code in codes}
    device.user = User.objects.create_user("mallory")
    with pytest.raises(CannotOpen):
        second_factor._key(device)


@pytest.mark.parametrize("ring", [["new", "old"], ["old"]])
def test_it_outlives_a_rotation_of_the_keys(
    client: Client, staff: User, settings: Any, ring: list[str]
) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    codes = guarded(staff)
    settings.ENCRYPTION_KEYS = ring
    assert second_factor.verify(staff, code_of(staff)).right
    assert second_factor.verify_recovery(staff, codes[0]).right


@pytest.mark.parametrize(
    "what",
    [
        {"is_active": False},
        {"role": "employee"},
        {"password": "md5$other"},
    ],
    ids=["closed", "demoted", "password"],
)
def test_T_41_what_changes_between_password_and_code_counts(
    client: Client, staff: User, what: dict[str, Any]
) -> None:
    guarded(staff)
    half(client)
    User.objects.filter(pk=staff.pk).update(**what)
    assert code(client, code_of(staff))["Location"] == LOGON
    assert not is_in(client)


def test_T_41_the_password_counts_for_ten_minutes(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    guarded(staff)
    half(client)
    clock.shift(timedelta(minutes=10, seconds=1))
    assert code(client, code_of(staff))["Location"] == LOGON


def test_T_41_without_the_password_there_is_no_second_page(
    client: Client, staff: User
) -> None:
    guarded(staff)
    assert client.get(CODE)["Location"] == LOGON
    assert code(client, code_of(staff))["Location"] == LOGON


def test_setting_it_up_ends_the_sessions_without_it(
    client: Client, staff: User
) -> None:
    here, there = Client(), Client()
    for each in (here, there):
        password(each)
    second_factor.begun(staff)
    here.post(ENROL, {"code": code_of(staff)})
    assert is_in(here)
    assert not is_in(there)
    assert "second factor of this account was changed" in words(there.get(LOGON))


@pytest.mark.django_db(transaction=True)
def test_T_41_a_password_beside_the_setting_up_opens_nothing(staff: User) -> None:
    """Whoever has the password comes while the holder's first code is being taken."""
    second_factor.begun(staff)
    came: list[str] = []

    def come() -> None:
        try:
            came.append(password(Client())["Location"])
        finally:
            connection.close()

    thread = threading.Thread(target=come)
    with transaction.atomic():
        assert second_factor.confirm(staff, code_of(staff)).right
        thread.start()
        thread.join(0.3)
        assert not came
    thread.join(10)
    assert came == [CODE]


def test_it_is_switched_off_with_password_and_code_only(
    client: Client, staff: User
) -> None:
    guarded(staff)
    code(half(client), code_of(staff))
    right = {"own_password": PASSWORD, "code": code_of(staff, 1)}
    for without in ({"own_password": ""}, {"own_password": "x"}, {"code": ""}):
        assert client.post(OFF, right | without).status_code == 422
        assert second_factor.device_of(staff)
        clock_on(seconds=2)
        StaticDevice.objects.update(throttling_failure_timestamp=None)
    assert client.post(OFF, right).status_code == 302
    assert second_factor.device_of(staff) is None
    assert AuditEvent.objects.filter(action="second_factor.remove").count() == 1


def test_T_48_the_secret_is_shown_to_the_holder_only(
    staff_console: Client, staff: User
) -> None:
    """Who finds the browser open would copy it, and wait."""
    LogonSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    page = words(staff_console.get(ENROL))
    assert "<svg viewBox" not in page
    assert "own_password" in page
    assert not TOTPDevice.objects.exists()
    assert "otp-secret" in words(staff_console.post(ENROL, {"own_password": PASSWORD}))


def test_T_48_an_administrator_resets_somebody_s_after_the_password(
    console: Client, client: Client, staff: User, employee_account: User
) -> None:
    guarded(staff)
    code(half(client), code_of(staff))
    page = words(console.get("/settings/second-factors/"))
    assert "Reset the second factor of bob" in page
    assert "carol" not in page
    path = f"/settings/second-factors/{staff.pk}/reset/"
    rows = LogonSession.objects.exclude(account=staff)
    rows.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    assert console.post(path).status_code == 422
    assert second_factor.device_of(staff)
    assert console.post(path, {"own_password": PASSWORD}).status_code == 302
    assert second_factor.device_of(staff) is None
    assert not is_in(client), "whoever has the phone is out"
    event = AuditEvent.objects.get(action="second_factor.reset")
    assert (event.actor_name, event.target_label) == ("alice", "bob")


def test_T_48_staff_resets_nobody_s(staff_console: Client, administrator: User) -> None:
    guarded(administrator)
    path = f"/settings/second-factors/{administrator.pk}/reset/"
    assert staff_console.post(path).status_code == 403
    assert staff_console.get("/settings/second-factors/").status_code == 403
    assert second_factor.device_of(administrator)


def test_T_48_a_code_does_for_the_password_before_a_dangerous_act(
    client: Client, administrator: User
) -> None:
    guarded(administrator)
    password(client, "alice")
    code(client, code_of(administrator))
    LogonSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    path = "/settings/identifier/"
    assert (
        client.post(path, {"own_password": code_of(administrator)}).status_code == 422
    )
    clock_on(seconds=2)
    right = {"own_password": code_of(administrator, 1)}
    assert client.post(path, right).status_code == 302


def test_T_48_a_mistyped_password_is_no_wrong_code(
    client: Client, administrator: User
) -> None:
    """Else whoever has the session would keep its holder's codes from being taken."""
    guarded(administrator)
    password(client, "alice")
    code(client, code_of(administrator))
    LogonSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    for _time in range(3):
        sent = {"own_password": "not the password"}
        assert client.post("/settings/identifier/", sent).status_code == 422
    other = Client()
    password(other, "alice")
    assert code(other, code_of(administrator, 1))["Location"] == "/"


def test_where_it_is_required_there_is_nothing_else_before(
    client: Client, staff: User, settings: Any, world: World
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    assert password(client)["Location"] == "/"
    for name in of_the_console():
        response = client.get(address(name, world))
        if not address(name, world).startswith(ENROL):
            assert response["Location"] == ENROL, name
    assert client.get("/admin/")["Location"] == ENROL
    assert client.get("/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    client.get(ENROL)
    assert client.post(ENROL, {"code": code_of(staff)}).status_code == 200
    assert is_in(client)


def test_where_it_is_required_sessions_from_before_end(
    client: Client, staff_console: Client, staff: User, settings: Any
) -> None:
    guarded(staff)
    settings.REQUIRE_SECOND_FACTOR = True
    assert staff_console.get("/settings/")["Location"] == LOGON
    assert code(half(client), code_of(staff)).status_code == 302
    assert is_in(client)


def test_T_41_the_admin_shows_no_keys(console: Client) -> None:
    """django-otp's own pages would show keys and take new ones."""
    for path in ("otp_totp/totpdevice/", "otp_static/staticdevice/"):
        assert console.get(f"/admin/{path}").status_code == 404
