"""Set X at every address: every parameter, every form, and bodies that are no form.

Addresses, parameters and forms are found, not listed: a new one is thrown at by itself,
and fails here until rules.py says what it takes.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from wsgiref.util import setup_testing_defaults

import pytest
from django.db import connection
from django.test import Client
from django.urls import resolve

from identity.models import IdentityProvider, User
from sasebridge.wsgi import application
from tests.bad_input.pages import Element, Page
from tests.bad_input.rules import RULES, TOO_MUCH, UNREADABLE, address
from tests.bad_input.set_x import BODIES, FORM, MILLION, VALUES, encoded, told
from tests.bad_input.test_fields import TAKES
from tests.journeys.pages import World, names

ROOT = Path(__file__).parents[2]
READS = re.compile(
    r"""(?:GET\.get(?:list)?\(|parameters\.\w+\(\s*request,\s*|_department\(request, idp,\s*)"(\w+)\""""
)
VIEWS = ("identity/views", "sync/views", "sasebridge/console")
POSTED = [name for name, rule in RULES.items() if rule.post]
TOKEN = "csrfmiddlewaretoken"
KEYS = frozenset({"idp", "dept", "under", "user", "of"})
"""Parameters that name a row: an odd one is not found, and the others are not read."""
SHORT = [value[:4000] for value in VALUES]
"""Servers refuse an address of more than 8,190 bytes by themselves."""
SOME = 5
"""Buttons and branches are only compared with what is there, and each costs a page with
the tree and a sample: every fifth value is enough for them."""
SLOWEST = "identity:setup-sync"
"""The form that takes as long as all others together."""
ON_THEIR_OWN = frozenset({"identity:setup-basic", "identity:edit"})
"""Forms that test_fields.py throws at, with what each field must say."""


def test_every_address_has_a_rule() -> None:
    """A new address joins tests/bad_input/rules.py."""
    assert names() == set(RULES)


def test_every_parameter_that_a_view_reads_is_thrown_at() -> None:
    sources = [file for folder in VIEWS for file in (ROOT / folder).rglob("*.py")]
    read = {name for file in sources for name in READS.findall(file.read_text())}
    assert {"parent", "open", "before", "q", "next"} <= read
    assert read <= {name for rule in RULES.values() for name in rule.reads}


def is_harmless(response: Any) -> bool:
    """Mark-up and headers that were sent come back as text, or not at all."""
    content = b"".join(response) if response.streaming else response.content
    return (
        b"<script>alert" not in content
        and b"<img src=x" not in content
        and "a" not in response.cookies
        and not response.has_header("Set-Cookie: a")
    )


def is_readable(response: Any) -> bool:
    """An error comes as a page of ours, with words."""
    return b"<h1>" in response.content and b"To the dashboard" in response.content


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.reads])
def test_a_parameter_may_be_anything(console: Client, world: World, name: str) -> None:
    """I-20, set X: each parameter meets each value; also twice, and as a list."""
    rule, path = RULES[name], address(name, world)
    client = Client() if name == "login" else console
    strict = [[one] for one in rule.reads if one in KEYS]
    for together in (*strict, [one for one in rule.reads if one not in KEYS]):
        for words in questions(together):
            response = client.get(f"{path}?{words}")
            said = f"?{words[:200]} was answered {response.status_code}"
            assert response.status_code in (*rule.get, UNREADABLE), said
            assert is_harmless(response), said


WITHIN = [
    (name, one)
    for name, rule in RULES.items()
    for one in rule.reads
    if rule.within and one != "idp"
]


@pytest.mark.parametrize(("name", "parameter"), WITHIN)
def test_a_parameter_may_be_anything_beside_a_good_idp(
    console: Client, world: World, name: str, parameter: str
) -> None:
    """I-20, set X: one at a time, so that the others do not keep it from being read."""
    path, idp = address(name, world), f"idp={world.idp.pk}"
    assert console.get(f"{path}?{idp}").status_code == 200
    for words in questions([parameter]):
        response = console.get(f"{path}?{idp}&{words}")
        said = f"?{words[:200]} was answered {response.status_code}"
        assert response.status_code in (*RULES[name].get, UNREADABLE), said
        assert is_harmless(response), said


def questions(parameters: list[str]) -> Iterator[str]:
    """Queries in which each of these parameters has each value once, on SQLite some."""
    few = parameters == ["open"] or connection.vendor != "postgresql"
    values = SHORT[::SOME] if few else SHORT
    for turn in range(len(values) if parameters else 0):
        yield "&".join(
            f"{name}={_quoted(values[(turn + place) % len(values)])}"
            for place, name in enumerate(parameters)
        )
    for name in parameters:
        yield from (f"{name}=1&{name}=2", f"{name}[]=1", name)


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", POSTED)
def test_a_body_may_be_anything(console: Client, world: World, name: str) -> None:
    """Set X: whole requests. A refusal is a page; an IdP is not changed by any."""
    rule, path = RULES[name], address(name, world)
    client = Client() if name == "login" else console
    before = stored(world)
    for body in BODIES:
        response = client.generic("POST", path, body.content, content_type=body.kind)
        said = f"{body.name} was answered {response.status_code}"
        assert response.status_code in (*rule.post, UNREADABLE, TOO_MUCH), said
        if response.status_code in (UNREADABLE, TOO_MUCH):
            assert rule.machine or is_readable(response), said
    if name != "identity:discard":
        assert stored(world) == before


@pytest.mark.parametrize(
    "kind",
    [
        f"{FORM}; charset=hex",
        f"{FORM}; charset=utf-16",
        "multipart/form-data; boundary=x; charset=rot13",
        "text/plain; charset*=klingon''utf-8",
        "text/plain; charset=a\0b",
    ],
)
def test_a_request_in_another_encoding_is_refused(kind: str) -> None:
    """Django would decode the address with it, and break where nothing catches it."""
    environ: dict[str, Any] = {"CONTENT_TYPE": kind, "QUERY_STRING": "q=a"}
    setup_testing_defaults(environ)
    answer: list[str] = []
    body = application(environ, lambda status, *_more: answer.append(status))  # type: ignore[arg-type]
    assert answer == ["400 Bad Request"]
    assert b"must be encoded in UTF-8" in b"".join(body)


def test_too_much_is_said_in_words(console: Client, draft: IdentityProvider) -> None:
    """DATA_UPLOAD_MAX_*: 413, in the console's own page and language."""
    path = address("console:settings", None)  # type: ignore[arg-type]
    User.objects.update(language="en")
    for body in BODIES[-2:]:
        response = console.generic("POST", path, body.content, content_type=body.kind)
        assert response.status_code == TOO_MUCH
        assert "Nothing was saved." in response.content.decode()


@pytest.mark.parametrize("name", [name for name in RULES if name not in POSTED])
def test_what_takes_no_post_says_so(console: Client, world: World, name: str) -> None:
    assert console.post(address(name, world)).status_code in (405, 404)


def test_a_token_may_be_anything_and_opens_nothing(
    administrator: User, world: World
) -> None:
    """Set X as the form's key against forgery: a 403 in words, at every address."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    before = stored(world)
    settings = address("console:settings", world)
    tries = [(settings, value) for value in VALUES if value != MILLION]
    forms = [name for name in POSTED if not RULES[name].machine]
    tries += [(address(name, world), "x" * 64) for name in forms]
    for path, value in tries:
        body = encoded([(TOKEN, value), ("name", "forged"), ("scope", "all")])
        response = client.generic("POST", path, body, content_type=FORM)
        assert response.status_code == 403, f"{path} took the token {told(value)}"
        assert "This page was open too long" in response.content.decode()
    assert stored(world) == before


@pytest.mark.parametrize("slowest", [True, False], ids=["slowest", "others"])
def test_every_field_of_every_form_may_be_anything(
    administrator: User, world: World, slowest: bool
) -> None:
    """Set X at every control that any page shows; each field meets each value, on SQLite
    some of them: it takes what PostgreSQL would refuse."""
    values = VALUES if connection.vendor == "postgresql" else VALUES[::SOME]
    forms = found_forms(administrator, world)
    assert {"identity:setup-sync", "console:settings", "login", *ON_THEIR_OWN} <= {
        name for name, _path in forms
    }
    # Removing comes last: the others need what it removes.
    for (name, path), found in sorted(
        forms.items(), key=lambda item: item[0][0].endswith(("discard", "delete"))
    ):
        if (name == SLOWEST) != slowest:
            continue
        client = browser(administrator, name)
        own = set(TAKES) if name in ON_THEIR_OWN else set()
        throw(client, name, path, sorted(found.typed - own), values)
        for button in sorted(found.buttons):
            throw(client, name, path, [button], VALUES[::SOME])


def throw(
    client: Client,
    name: str,
    path: str,
    fields: list[str],
    values: Sequence[str] = VALUES,
) -> None:
    """Send a form until each field has met each value."""
    for turn in range(len(values) if fields else 1):
        pairs = [
            (field, values[(turn + place) % len(values)])
            for place, field in enumerate(fields)
        ]
        response = client.generic(
            "POST",
            path,
            encoded(pairs),
            content_type=FORM,
            REMOTE_ADDR=f"10.0.{turn}.1",  # ten tries a minute from each
        )
        said = f"{name} answered {response.status_code}: " + ", ".join(
            f"{field}={told(value)}" for field, value in pairs
        )
        expected = (*RULES[name].post, UNREADABLE, TOO_MUCH)
        assert response.status_code in expected, said
        assert is_harmless(response), said


@dataclass(slots=True)
class Found:
    """What the pages of the console send to one address."""

    typed: set[str] = field(default_factory=set)
    buttons: set[str] = field(default_factory=set)


def found_forms(by: User, world: World) -> dict[tuple[str, str], Found]:
    """Every form that a page sends by POST, by the name of its address and its path."""
    client = browser(by, "")
    forms: dict[tuple[str, str], Found] = defaultdict(Found)
    reading = [(client, address(name, world)) for name in RULES]
    reading.append((Client(), address("login", world)))
    reading.append((client, f"{address('identity:setup-sync', world)}?open=top"))
    for reader, path in reading:
        response = reader.get(path)
        if is_page(response):
            for form, controls in Page(response.content.decode()).forms():
                if form["method"].lower() == "post":
                    action = urlsplit(form["action"] or path).path
                    _file(forms[resolve(action).view_name, action], controls)
    for name, _path in forms:
        assert name in RULES, f"{name} has no rule"
        assert RULES[name].post, f"{name} has no rule for what is sent to it"
    return forms


def _file(found: Found, controls: list[Element]) -> None:
    for one in controls:
        if one["name"] != TOKEN:
            group = found.buttons if is_button(one) else found.typed
            group.add(one["name"])


def is_page(response: Any) -> bool:
    return (
        response.status_code in (200, 286) and "text/html" in response["Content-Type"]
    )


def is_button(one: Element) -> bool:
    return one.tag == "button" or one["type"] == "submit"


def browser(by: User, name: str) -> Client:
    client = Client()
    if name != "login":
        client.force_login(by)
    return client


def stored(world: World) -> list[dict[str, Any]]:
    """Every IdP as it stands in the database, with its secrets."""
    rows = IdentityProvider.objects.exclude(pk=world.draft.pk).order_by("pk")
    return [
        dict(row.__dict__, _state=None, secrets=list(row.secrets.values()))
        for row in rows
    ]
