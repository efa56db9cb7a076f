"""Create IdP and the wizard's first step, as plain HTML forms."""

import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from identity.forms.idp import IdpForms
from identity.models import AuditEvent, IdentityProvider
from tests.identity.conftest import page, words

NEW = "/identity/new/"


def test_S083_S084_S085_the_panel_offers_dingtalk_and_greys_what_is_not_there(
    console: Client,
) -> None:
    shown = words(console.get(NEW))
    assert 'name="kind" id="id_kind_0" value="dingtalk" checked' in shown
    assert "WeCom" in shown
    assert "Not in this version" in shown
    assert "What you need" in shown
    assert "Configure" in shown


def test_S086_configure_makes_a_draft_with_the_default_mapping(
    console: Client,
) -> None:
    response = console.post(NEW, {"kind": "dingtalk"})
    idp = IdentityProvider.objects.get()
    assert response.headers["Location"] == page(idp, "basic")
    assert idp.is_draft
    assert {"target": "email", "sources": ["email", "org_email"]} in idp.mapping
    trail = AuditEvent.objects.get()
    assert (trail.action, trail.target_id) == ("idp.create", str(idp.pk))
    assert trail.actor_name == "alice"


@pytest.mark.parametrize("kind", ["", "wecom", "DingTalk", "\u0000", "x" * 5000])
def test_a_type_that_is_not_installed_is_refused(console: Client, kind: str) -> None:
    response = console.post(NEW, {"kind": kind})
    assert response.status_code == 422
    assert "not available" in words(response)
    assert not IdentityProvider.objects.exists()


def test_an_unfinished_draft_is_offered_again(
    console: Client, draft: IdentityProvider
) -> None:
    shown = words(console.get(NEW))
    assert page(draft, "basic") in shown
    assert "Draft, step 1 of 3: Basic Configurations" in shown


def test_A11_S088_S089_S090_S091_three_values_stand_there_before_anything_is_saved(
    console: Client, draft: IdentityProvider
) -> None:
    shown = words(console.get(page(draft, "basic")))
    for label, value in (
        ("Request URL", f"http://localhost:8000/events/dingtalk/{draft.pk}/"),
        ("Application Homepage Address", "http://localhost:8000/ui/dingAuth/"),
        ("Callback Domain Name", "http://localhost:8000/open-dev/dingtalk"),
    ):
        assert f'value="{value}"' in shown
        assert f'aria-label="Copy {label}"' in shown


def test_S087_to_S122_the_first_step_carries_the_labels_and_examples(
    console: Client, draft: IdentityProvider
) -> None:
    """S096 and S098 are the examples of name and description."""
    shown = words(console.get(page(draft, "basic")))
    for text in (
        "Basic Configurations",
        "IdP Name",
        'placeholder="test"',
        "Description",
        'placeholder="DingTalk Logon"',
        "Displayed as the logon title on the SASE client.",
        "IdP Status",
        "active after creation",
        "disabled after creation",
        "CorpId",
        'placeholder="ding3608be7c4e5266ce4ac5d6980864****"',
        "AppKey",
        'placeholder="dingwjlht8b93ara****"',
        "AppSecret",
        "giWA****",
        "Advanced Settings",
        "DingTalk Standard",
        "Dedicated DingTalk",
        "AES Encryption Key",
        "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AM******",
        "Encryption Token",
        "YYwR3A3rV6mrvpC******",
        "Automatic Synchronization",
        "Synchronize User Information",
        "Automatic Synchronization Cycle",
        "Connectivity Test",
    ):
        assert text in shown, text


def test_S092_closing_carries_the_warning_of_the_guide(
    console: Client, draft: IdentityProvider
) -> None:
    shown = words(console.get(page(draft, "basic")))
    assert (
        "If you disable an identity source, end users cannot access internal "
        "applications through the SASE App. Proceed with caution." in shown
    )


def test_U02_each_drawing_of_the_guide_is_described(
    console: Client, draft: IdentityProvider
) -> None:
    shown = words(console.get(page(draft, "basic")))
    figures = re.findall(r"<figure.*?</figure>", shown, re.DOTALL)
    titles = [re.findall(r"<title[^>]*>(.+?)</title>", figure) for figure in figures]
    assert len(figures) == shown.count("data-guide=")
    assert all(len(title) == 1 and len(title[0]) > 20 for title in titles)


def test_S114_the_advanced_settings_are_closed_and_open_themselves_for_an_error(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    closed = '<details class="sb-advanced" id="block-advanced">'
    assert closed in words(console.get(page(draft, "basic")))
    answer = console.post(page(draft, "basic"), typed | {"aes_key": "too short"})
    assert closed.replace(">", " open>") in words(answer)


def test_errors_come_back_with_a_summary_values_and_what_was_right_saved(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    response = console.post(page(draft, "basic"), typed | {"name": "two words"})
    shown = words(response)
    assert response.status_code == 422
    assert '<a href="#id_name">IdP Name</a>' in shown
    assert 'value="two words"' in shown
    draft.refresh_from_db()
    assert draft.name == ""
    assert draft.settings["corp_id"] == typed["corp_id"]
    assert "Set on " in shown


def test_saving_and_leaving_needs_nothing_but_keeps_what_there_is(
    console: Client, draft: IdentityProvider
) -> None:
    sent = {
        "name": "half",
        "status": "enabled",
        "sync_interval_hours": "6",
        "next": "leave",
    }
    response = console.post(page(draft, "basic"), sent, follow=True)
    draft.refresh_from_db()
    assert response.redirect_chain[0][0] == reverse("console:idps")
    assert "Draft saved. 3 fields are still needed." in words(response)
    assert (draft.name, draft.sync_interval_hours) == ("half", 6)


def test_leaving_with_a_wrong_value_shows_it_instead(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    sent = typed | {"corp_id": "nonsense", "next": "leave"}
    response = console.post(page(draft, "basic"), sent)
    assert response.status_code == 422
    assert 'value="nonsense"' in words(response)


def test_U05_a_draft_resumes_in_another_browser(
    console: Client,
    draft: IdentityProvider,
    typed: dict[str, Any],
    administrator: Any,
) -> None:
    console.post(page(draft, "basic"), typed | {"corp_id": ""})
    other = Client()
    other.force_login(administrator)
    shown = words(other.get(page(draft, "basic")))
    assert 'value="test"' in shown
    assert f'value="{typed["app_key"]}"' in shown
    assert "Set on " in shown


def test_saving_is_in_the_audit_trail_without_the_secret(
    console: Client, draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    console.post(page(draft, "basic"), typed)
    detail = AuditEvent.objects.get(action="idp.change").detail
    assert detail["name"] == ["", "test"]
    assert detail["app_secret"] == "changed"


def test_a_name_taken_in_the_same_moment_is_an_error_and_no_crash(
    draft: IdentityProvider, typed: dict[str, Any]
) -> None:
    """The form was valid, and the database says no."""
    data = QueryDict(mutable=True)
    data.update(typed)
    forms = IdpForms(draft, data)
    assert forms.is_valid()
    IdentityProvider.objects.create(kind="dingtalk", name="TEST")
    assert forms.save() == {}
    assert [problem.label for problem in forms.problems()] == ["IdP Name"]
