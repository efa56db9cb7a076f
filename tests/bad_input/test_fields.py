"""Set X at each field of an IdP: what is refused says so at the field, and why.

What each field takes is written down here a second time, so that a change of the forms
shows. I-01 to I-12, in the wizard and in Edit.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import AuditEvent, IdentityProvider
from tests.bad_input.pages import Page
from tests.bad_input.set_x import FORM, MILLION, VALUES, encoded, received, told

Taken = Callable[[str], bool]
SECRETS = frozenset({"app_secret", "aes_key", "token"})
CHOICES = frozenset(
    {"status", "dingtalk_type", "push_method", "auto_sync", "sync_users"}
)
NOT_FIELDS = frozenset(
    {"csrfmiddlewaretoken", "live", "version", "touched", "confirm_close"}
)
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str) -> str:
    """A text as it is stored."""
    return unicodedata.normalize("NFC", text.strip(" "))


def is_visible(text: str) -> bool:
    return "\ufffd" not in text and not any(
        unicodedata.category(sign) in HIDDEN for sign in text
    )


def pattern(rule: str) -> Taken:
    return lambda text: re.fullmatch(rule, text.strip(" ")) is not None


def secret(rule: str) -> Taken:
    """White space at the ends is no part of a secret; a mask is none."""
    return lambda text: (
        text.strip() == ""
        or (re.fullmatch(rule, text.strip()) is not None and "*" not in text)
    )


HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
TAKES: Mapping[str, Taken] = {
    "name": lambda text: (
        re.fullmatch(rf"[A-Za-z0-9_{HAN}-]{{2,100}}", plain(text)) is not None
    ),
    "description": lambda text: is_visible(text) and len(plain(text)) <= 100,
    "status": lambda text: text in ("enabled", "closed"),
    "corp_id": pattern("ding[A-Za-z0-9]{4,60}"),
    "app_key": pattern("ding[A-Za-z0-9]{4,60}"),
    "app_secret": secret("[A-Za-z0-9_-]{8,128}"),
    "dingtalk_type": lambda text: text in ("", "standard", "dedicated"),
    "push_method": lambda text: text in ("", "http", "stream"),
    "aes_key": secret("[A-Za-z0-9+/]{43}"),
    "token": secret("[!-~]{1,64}"),
    "auto_sync": lambda text: text in ("on", "true", "1", "", "off", "false", "0"),
    "sync_users": lambda text: text in ("on", "true", "1", "", "off", "false", "0"),
    "sync_interval_hours": pattern("[1-9]|1[0-9]|2[0-4]"),
}
"""A new field needs a line here, or the tests fail."""
TAKES_AS_SENT = frozenset({"sync_interval_hours"})
"""Fields in which spaces around the value are wrong too."""
NEEDED = frozenset({"name", "status", "corp_id", "app_key", "sync_interval_hours"})


def refused(typed: Mapping[str, str], stored: frozenset[str]) -> set[str]:
    """The fields that must be refused; `stored` are the secrets that are set."""
    wrong = {
        name
        for name, value in typed.items()
        if not TAKES[name](value)
        or (name in TAKES_AS_SENT and value != value.strip(" "))
    }
    if not typed["app_secret"].strip() and "app_secret" not in stored:
        wrong.add("app_secret")
    on = {n: typed[n] in ("on", "true", "1") for n in ("auto_sync", "sync_users")}
    if on["sync_users"] and not on["auto_sync"] and "auto_sync" not in wrong:
        wrong.add("sync_users")
    given = {n: bool(typed[n].strip()) and n not in wrong for n in ("aes_key", "token")}
    if any(given.values()) and not all(given.values()):
        wrong |= {"aes_key", "token"}
    return wrong


@pytest.fixture(params=["wizard", "edit"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def row(where: str, idp: IdentityProvider) -> IdentityProvider:
    if where == "wizard":
        return IdentityProvider.objects.create(kind=idp.kind)
    return idp


@pytest.fixture
def path(where: str, row: IdentityProvider) -> str:
    step = "identity:setup-basic" if where == "wizard" else "identity:edit"
    return reverse(step, args=[row.pk])


@pytest.fixture
def good(row: IdentityProvider, credentials: dict[str, str]) -> dict[str, str]:
    """Every field with a value that is taken."""
    return {
        "name": "test",
        "description": "DingTalk Logon",
        "status": "enabled",
        "corp_id": "ding3608be7c4e5266ce",
        "app_key": "dingwjlht8b93ara",
        "app_secret": "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR",
        "dingtalk_type": "standard",
        "push_method": "http",
        "aes_key": "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ",
        "token": "YYwR3A3rV6mrvpC",
        "auto_sync": "on",
        "sync_users": "on",
        "sync_interval_hours": "24",
    }


def send(client: Client, path: str, pairs: list[tuple[str, str]]) -> Any:
    return client.generic("POST", path, encoded(pairs), content_type=FORM)


def state(idp: IdentityProvider) -> dict[str, Any]:
    """The row in the database and its secrets."""
    found = IdentityProvider.objects.get(pk=idp.pk)
    kept = {name: found.secret(name) for name in SECRETS}
    return {n: v for n, v in found.__dict__.items() if n != "_state"} | kept


def assert_said(page: Page, wrong: set[str], said: str) -> None:
    """Each refusal stands in the summary, and at a field that is marked."""
    summary = page.problems()
    assert {name_of(one) for one in summary} == wrong, said
    for field_id, line in summary.items():
        at_field = page.message_at(field_id)
        assert at_field, f"nothing stands at {field_id}: {said}"
        assert at_field in line, said
        assert page.is_marked(field_id), f"{field_id} is not marked: {said}"


def name_of(field_id: str) -> str:
    """The name that a link of the summary is about."""
    name = field_id.removeprefix("id_")
    return name if name in TAKES else name.rpartition("_")[0]


def test_every_field_of_the_page_has_a_line_here(console: Client, path: str) -> None:
    page = Page(console.get(path).content.decode())
    [(_form, controls)] = [
        (form, controls)
        for form, controls in page.forms()
        if any(one["name"] == "corp_id" for one in controls)
    ]
    typed = {one["name"] for one in controls if one.tag != "button"}
    assert typed - NOT_FIELDS - {"next"} == set(TAKES)


def test_whatever_is_typed_each_field_says_what_is_wrong_with_it(
    console: Client, row: IdentityProvider, path: str, where: str
) -> None:
    """Set X: each field meets each value; a draft keeps the right ones, Edit nothing."""
    names = list(TAKES)
    secrets = frozenset(row.secrets.values_list("name", flat=True))
    for turn in range(len(VALUES)):
        typed = {n: VALUES[(turn + i) % len(VALUES)] for i, n in enumerate(names)}
        before = state(row)
        response = send(console, path, list(typed.items()))
        wrong = refused({n: received(v) for n, v in typed.items()}, secrets)
        said = f"of {', '.join(f'{n}={told(v)}' for n, v in typed.items())}"
        assert response.status_code == 422, said
        page = Page(response.content.decode())
        assert_said(page, wrong, said)
        assert_kept(page, typed, said)
        after = state(row)
        if where == "edit":
            assert after == before, said
        else:
            assert_stored(after, typed, wrong, said)
            secrets |= {"app_secret"} if after["app_secret"] else set()


def assert_kept(page: Page, typed: Mapping[str, str], said: str) -> None:
    """What was typed stands there again, a secret never."""
    for name in typed.keys() - CHOICES:
        [control] = page.named(name)
        kept = "" if name in SECRETS else received(typed[name])
        shown = control["value"]
        assert shown == kept, f"{name} shows {told(shown)}: {said}"


def assert_stored(
    after: Mapping[str, Any], typed: Mapping[str, str], wrong: set[str], said: str
) -> None:
    for name in typed.keys() - wrong - CHOICES:
        value = received(typed[name])
        if name in ("name", "description"):
            assert after[name] == plain(value), f"{name}: {said}"
        elif name in SECRETS and value.strip():
            assert after[name] == value.strip(), f"{name}: {said}"
    assert MILLION not in str(after)


def test_good_values_are_taken(
    console: Client, row: IdentityProvider, path: str, good: dict[str, str]
) -> None:
    """The twin of all refusals here: what they change is what is refused.

    The credentials are of nobody, so Edit's test fails; a draft keeps them.
    """
    page = Page(send(console, path, list(good.items())).content.decode())
    assert page.problems() == {}


def test_a_field_that_is_missing_sent_twice_or_as_a_list(
    console: Client, path: str, row: IdentityProvider, good: dict[str, str], where: str
) -> None:
    """Set X: key missing, key twice, and key as `name[]`, which is missing too."""
    for name, value in good.items():
        others = [pair for pair in good.items() if pair[0] != name]
        lost = {"sync_users"} if name == "auto_sync" else set()
        if name in NEEDED:
            lost = {name}
        if name in ("aes_key", "token"):
            lost = {"aes_key", "token"}
        if name == "app_secret" and where == "wizard":
            lost = {name}
        assert_answer(console, path, [*others, (f"{name}[]", value)], lost)
        assert_answer(console, path, others, lost)
        twice = {name}
        if name in ("aes_key", "token"):
            twice = {"aes_key", "token"}
        assert_answer(console, path, [*good.items(), (name, value)], twice)
        if where == "wizard":
            row.secrets.all().delete()
    if where == "edit":
        assert not AuditEvent.objects.exists()


def assert_answer(
    client: Client, path: str, pairs: list[tuple[str, str]], wrong: set[str]
) -> None:
    response = send(client, path, pairs)
    said = f"of {[name for name, _value in pairs]}"
    assert response.status_code in (302, 422), said
    if response.status_code == 422:
        assert_said(Page(response.content.decode()), wrong, said)
    else:
        assert not wrong, said


def test_a_secret_that_was_typed_never_comes_back(
    console: Client, path: str, good: dict[str, str]
) -> None:
    """Also when it is refused, or another field is."""
    for name in SECRETS:
        for value in ("canary-4f1c with space", "canary-4f1c", "canary-4f1c****"):
            sent = good | {"name": "a b", name: value}
            response = send(console, path, list(sent.items()))
            assert response.status_code == 422
            assert "canary-4f1c" not in response.content.decode(), f"{name}={value}"


def test_the_links_of_the_summary_lead_to_controls(console: Client, path: str) -> None:
    response = send(console, path, [(name, "\u200b") for name in TAKES])
    page = Page(response.content.decode())
    for field_id in page.problems():
        control = page.by_id(field_id)
        assert control is not None, field_id
        assert control.tag in ("input", "select"), field_id
    ids = [one["id"] for one in page.elements if one["id"]]
    assert len(ids) == len(set(ids))
