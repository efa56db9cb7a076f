"""Set X: whatever is thrown at a field, the answer is a page with a message."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider
from tests.identity.conftest import page

SET_X: list[str] = [
    *(
        "",
        " ",
        "\t\n",
        "\u0000",
        "a\u0000b",
        "\u202eabc",
        "a\u200bb",
        "\u00e9",
        "e\u0301",
    ),
    *(
        "😀",
        "👨‍👩‍👧",
        "ﷺ" * 100,
        "ＡＢＣ",
        "Аdmin",
        "x" * 101,
        "x" * 10_000,
        "e\u0301" * 5_000,
    ),
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    *("javascript:alert(1)", "{{7*7}}", "{% debug %}", "${jndi:ldap://127.0.0.1/a}"),
    *("%s%s%n", "%00", "%0d%0aSet-Cookie:a=b", "' OR '1'='1", "'; DROP TABLE idp;--"),
    *("1; SELECT pg_sleep(10)", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)"),
    *("../../etc/passwd", "..;/", "C:\\", "NULL", "None", "undefined", "true"),
    *("0", "1e309", "NaN", "9223372036854775808", "[]", "{}", '[["a"]]', '{"$ne":1}'),
]
BASIC = [
    *("name", "description", "status", "corp_id", "app_key", "app_secret"),
    *("dingtalk_type", "aes_key", "token", "auto_sync", "sync_users"),
    *("sync_interval_hours", "next", "live", "csrfmiddlewaretoken"),
]
SYNC = [
    *("departments", "opened", "source.name", "source.email", "custom_name"),
    *("custom_source", "name.1"),
]
BUTTONS = ["open", "add"]


def is_harmless(content: bytes) -> bool:
    """Mark-up that was sent comes back as text."""
    return b"<script>alert" not in content and b"<img src=x" not in content


@pytest.mark.parametrize("value", SET_X)
def test_the_first_step_answers_everything_with_a_page(
    console: Client, draft: IdentityProvider, value: str
) -> None:
    """Every field is looked at on its own, so one request asks all of them."""
    response = console.post(page(draft, "basic"), dict.fromkeys(BASIC, value))
    assert response.status_code == 422
    assert is_harmless(response.content)
    draft.refresh_from_db()
    assert draft.sync_interval_hours == 24
    assert not draft.secrets.filter(name="aes_key").exists()


@pytest.mark.parametrize("value", SET_X)
def test_the_last_step_answers_everything_with_a_page(
    console: Client, idp: IdentityProvider, value: str
) -> None:
    """As Confirm, and as the buttons that only change the page."""
    sent = dict.fromkeys(SYNC, value)
    for more in (
        {"scope": value},
        {"scope": "partial"},
        *({"scope": "all", button: value} for button in BUTTONS),
    ):
        response = console.post(page(idp, "sync"), sent | more)
        assert response.status_code in (200, 422)
        assert is_harmless(response.content)
    before = idp.mapping
    idp.refresh_from_db()
    assert (idp.scope, idp.departments, idp.mapping) == ("all", [], before)


@pytest.mark.parametrize("name", ["name[]", "name[$ne]", "departments[]", "__proto__"])
def test_keys_of_another_shape_are_ignored(
    console: Client, draft: IdentityProvider, name: str
) -> None:
    assert console.post(page(draft, "basic"), {name: "x"}).status_code == 422
    draft.refresh_from_db()
    assert draft.name == ""


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"name=\xff\xfe&status=enabled", "application/x-www-form-urlencoded"),
        ("name=test".encode("utf-16"), "application/x-www-form-urlencoded"),
        (b'{"name": "test"}', "application/json"),
        (b"\xef\xbb\xbfname=test", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
    ],
)
def test_a_body_that_is_no_form_is_no_crash(
    console: Client, draft: IdentityProvider, body: bytes, kind: str
) -> None:
    response = console.generic("POST", page(draft, "basic"), body, content_type=kind)
    assert response.status_code in (400, 422)
    draft.refresh_from_db()
    assert draft.name == ""


def test_a_body_that_is_too_large_is_refused(
    console: Client, draft: IdentityProvider
) -> None:
    response = console.post(page(draft, "basic"), {"name": "x" * 2_000_000})
    assert response.status_code in (400, 413, 422)


@pytest.mark.parametrize("address", ["departments", "sample"])
def test_fragments_answer_every_parameter(
    console: Client, tested: IdentityProvider, address: str
) -> None:
    path = reverse(f"identity:{address}", args=[tested.pk])
    for value in SET_X:
        assert console.get(path, {"parent": value}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["not-a-uuid", "00000000-0000-0000-0000-00000000000g", "%00", "x" * 3000],
)
def test_an_address_that_is_none_is_not_found(console: Client, path: str) -> None:
    for step in ("basic", "test", "sync"):
        assert console.get(f"/identity/{path}/setup/{step}/").status_code == 404
