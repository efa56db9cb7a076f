"""Settings > Applications: made, shown, changed, stopped and deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import Application, AuditEvent, IDToken, LogonSession
from tests import builders
from tests.plugins.accounts import PASSWORD

pytestmark = pytest.mark.alone

VALUES = {
    "name": "Gateway",
    "description": "In front of the intranet",
    "redirect_uris": "https://app.example.test/back\n\n https://app.example.test/b2 \n",
    "post_logout_redirect_uris": "https://app.example.test/",
    "launch_url": "https://app.example.test/",
    "backchannel_logout_uri": "https://app.example.test/back?logout=backchannel",
}
NATIVE = {"name": "Phone", "redirect_uris": "com.example.app:/back\nhttp://127.0.0.1/b"}


def address(name: str, row: Application) -> str:
    return reverse(f"identity:{name}", args=[row.pk])


def make(client: Client, preset: str = "web", **values: str) -> Any:
    sent = {**(VALUES if preset == "web" else NATIVE), **values}
    return client.post(reverse("identity:application-create", args=[preset]), sent)


def secret_in(response: Any) -> str:
    assert "client_secret" not in str(response.context.get("form", ""))
    return str(response.context["secret"])


@pytest.mark.django_db
def test_a_gateway_is_made_with_its_preset(console: Client) -> None:
    assert make(console).status_code == 200
    row = Application.objects.get()
    assert row.client_type == Application.CLIENT_CONFIDENTIAL
    assert row.authorization_grant_type == Application.GRANT_AUTHORIZATION_CODE
    assert (row.algorithm, row.skip_authorization, row.enabled) == ("RS256", True, True)
    assert row.redirect_uris.split() == [
        "https://app.example.test/back",
        "https://app.example.test/b2",
    ]
    assert row.backchannel_logout_uri == VALUES["backchannel_logout_uri"]


@pytest.mark.django_db
def test_a_native_client_has_no_secret_and_asks_its_person(console: Client) -> None:
    response = make(console, "native")
    row = Application.objects.get()
    assert response.status_code == 302
    assert row.client_type == Application.CLIENT_PUBLIC
    assert not row.skip_authorization
    page = console.get(address("application", row)).content.decode()
    assert "Make a new secret" not in page
    assert console.get(address("application-secret", row)).status_code == 404
    assert not check_password("", row.client_secret)


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["made", "renewed"])
def test_a_secret_is_shown_in_one_answer_and_nowhere_else(
    console: Client, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level("DEBUG")
    response = make(console)
    row = Application.objects.get()
    if way == "renewed":
        first = secret_in(response)
        asked = console.get(address("application-secret", row))
        version = asked.context["version"]
        response = console.post(
            address("application-secret", row), {"version": version}
        )
        row.refresh_from_db()
        assert not check_password(first, row.client_secret)
    secret = secret_in(response)
    assert len(secret) >= 43
    assert secret in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    row.refresh_from_db()
    assert check_password(secret, row.client_secret)
    later = [
        str(dict(response.cookies)) + str(dict(response.headers)),
        str(dict(console.session.items())),
        caplog.text,
        str(list(AuditEvent.objects.values())),
        str(list(Application.objects.values())),
        *(
            console.get(path).content.decode()
            for path in (
                reverse("identity:applications"),
                address("application", row),
                address("application-edit", row),
                address("application-secret", row),
            )
        ),
    ]
    assert [place for place in later if secret in place] == []


@pytest.mark.django_db
def test_loading_the_answer_again_makes_nothing_again(console: Client) -> None:
    """A browser that reloads sends the same POST: the secret that was copied stays."""
    make(console)
    again = make(console)
    assert again.status_code == 422
    assert "Another application has this name" in again.content.decode()
    row = Application.objects.get()
    path = address("application-secret", row)
    sent = {"version": console.get(path).context["version"]}
    assert console.post(path, sent).status_code == 200
    row.refresh_from_db()
    kept = row.client_secret
    assert console.post(path, sent).status_code == 409
    assert console.post(path, {}).status_code == 409
    row.refresh_from_db()
    assert row.client_secret == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "cannot be left out"),
        ("name", "x" * 101, "at most 100"),
        ("name", "OTHER", "has this name already"),
        ("redirect_uris", "", "nobody can log on"),
        ("redirect_uris", "javascript:alert(1)", "begin with https://"),
        ("redirect_uris", "https://a.test/ https://b.test/", "one address a line"),
        (
            "redirect_uris",
            "\n".join(f"https://a.test/{n}" for n in range(51)),
            "most 50",
        ),
        ("redirect_uris", "https://a.test/\nhttps://*.b.test/", "asterisk"),
        ("post_logout_redirect_uris", "http://a.test/", "begin with https://"),
        ("launch_url", "javascript:alert(1)", "https:// or http://"),
        ("backchannel_logout_uri", "http://a.test/", "LOGOUT_PRIVATE_HOSTS"),
        ("backchannel_logout_uri", "https://a.test/#x", "There is a #"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_above(
    console: Client, field: str, value: str, words: str
) -> None:
    builders.application("Other")
    response = make(console, **{field: value})
    page = response.content.decode()
    assert response.status_code == 422
    assert Application.objects.count() == 1
    assert words in str(response.context["form"].errors[field])
    assert f'href="#id_{field}"' in page


@pytest.mark.django_db
def test_a_change_is_kept_and_written_down(console: Client) -> None:
    row = builders.application("Gateway")
    path = address("application-edit", row)
    version = console.get(path).context["version"]
    sent = {**VALUES, "name": "New name", "version": version}
    assert console.post(path, sent).status_code == 302
    row.refresh_from_db()
    line = AuditEvent.objects.get(action="application.change")
    assert row.name == "New name"
    assert line.detail["name"] == {"before": "Gateway", "after": "New name"}
    assert "secret" not in str(line.detail)


@pytest.mark.django_db
def test_a_change_does_not_undo_a_newer_one(console: Client) -> None:
    """I-85"""
    row = builders.application("Gateway")
    path = address("application-edit", row)
    version = console.get(path).context["version"]
    console.post(path, {**VALUES, "name": "Theirs", "version": version})
    late = console.post(path, {**VALUES, "name": "Mine", "version": version})
    assert late.status_code == 409
    row.refresh_from_db()
    assert row.name == "Theirs"
    fresh = late.context["version"]
    assert (
        console.post(path, {**VALUES, "name": "Mine", "version": fresh}).status_code
        == 302
    )


@pytest.mark.django_db
def test_it_is_disabled_and_enabled_again(console: Client) -> None:
    row = builders.application("Gateway")
    for word, enabled in (("off", False), ("off", False), ("on", True)):
        console.post(address("application-switch", row), {"enabled": word})
        row.refresh_from_db()
        assert row.enabled is enabled
    actions = list(AuditEvent.objects.values_list("action", flat=True).order_by("pk"))
    assert actions[-2:] == ["application.disable", "application.enable"]


@pytest.mark.django_db
def test_deleting_asks_for_the_name_and_takes_what_was_given_along(
    console: Client, administrator: Any
) -> None:
    row = builders.application("Gateway")
    IDToken.objects.create(
        application=row, user=administrator, expires="2026-12-01T00:00Z"
    )
    path = address("application-delete", row)
    assert console.post(path, {"typed": "gateway"}).status_code == 422
    assert Application.objects.exists()
    assert console.post(path, {"typed": "Gateway"}).status_code == 302
    assert not Application.objects.exists()
    assert not IDToken.objects.exists()
    line = AuditEvent.objects.get(action="application.delete")
    assert line.detail["client_id"] == row.client_id


@pytest.mark.django_db
def test_the_page_says_what_to_paste(console: Client, settings: Any) -> None:
    row = builders.application("Gateway")
    page = console.get(address("application", row)).content.decode()
    issuer = settings.OAUTH2_PROVIDER["OIDC_ISS_ENDPOINT"]
    for value in (row.client_id, issuer, f"{issuer}/.well-known/openid-configuration"):
        assert f'value="{value}"' in page
    assert f"OIDCClientID {row.client_id}" in page
    assert "OIDCRedirectURI https://app.example.test/back" in page
    native = builders.application("Phone", "native")
    assert (
        "OIDCClientID"
        not in console.get(address("application", native)).content.decode()
    )


@pytest.mark.django_db
def test_the_list_says_when_it_was_last_used(
    console: Client, administrator: Any, django_assert_max_num_queries: Any
) -> None:
    used, _never = builders.application("Gateway"), builders.application("Idle")
    IDToken.objects.create(
        application=used, user=administrator, expires="2026-12-01T00:00Z"
    )
    for number in range(5):
        builders.application(f"More {number}")
    with django_assert_max_num_queries(8):
        response = console.get(reverse("identity:applications"))
    rows = {row.name: row.last_used for row in response.context["rows"]}
    assert rows["Gateway"] is not None
    assert rows["Idle"] is None


@pytest.mark.django_db
def test_staff_see_and_do_not_change(staff_console: Client, client: Client) -> None:
    row = builders.application("Gateway")
    for name in ("applications", "signing-keys"):
        assert staff_console.get(reverse(f"identity:{name}")).status_code == 200
    page = staff_console.get(address("application", row)).content.decode()
    assert row.client_id in page
    assert address("application-edit", row) not in page
    for name in ("edit", "secret", "delete", "switch"):
        path = address(f"application-{name}", row)
        assert staff_console.post(path, {}).status_code == 403, name
        assert client.post(path, {}).status_code == 302, name
    assert make(staff_console).status_code == 403
    assert staff_console.post(reverse("identity:rotate-key")).status_code == 403
    assert Application.objects.get().client_secret == row.client_secret


@pytest.mark.django_db
def test_employees_see_nothing_of_it(employee_account: Any, client: Client) -> None:
    row = builders.application("Gateway")
    client.force_login(employee_account)
    assert client.get(address("application", row)).status_code in (302, 403)
    assert make(client).status_code in (302, 403)
    assert Application.objects.count() == 1


@pytest.mark.django_db
def test_who_finds_a_browser_open_makes_and_changes_nothing(
    console: Client, administrator: Any
) -> None:
    """T-48"""
    row = builders.application("Gateway")
    LogonSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    kept = Application.objects.values().get()
    version = console.get(address("application-edit", row)).context["version"]
    edited = {**VALUES, "redirect_uris": "https://evil.test/", "version": version}
    refused = [
        make(console, name="Another"),
        console.post(address("application-edit", row), edited),
        console.post(address("application-secret", row), {"version": version}),
        console.post(address("application-delete", row), {"typed": "Gateway"}),
        console.post(address("application-switch", row), {"enabled": "off"}),
    ]
    assert [response.status_code for response in refused] == [422] * 5
    assert Application.objects.values().get() == kept
    good = {**edited, "own_password": PASSWORD}
    assert console.post(address("application-edit", row), good).status_code == 302
