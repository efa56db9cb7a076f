"""I-04 to I-07: what DingTalk gives out for an application, and its edition."""

from typing import Any

import pytest
from django.utils import timezone

from identity.models import IdentityProvider
from tests.identity.basics import GOOD, errors, forms_of

pytestmark = [pytest.mark.alone, pytest.mark.django_db]


@pytest.mark.parametrize("field", ["corp_id", "app_key"])
@pytest.mark.parametrize(
    "value", ["ding1234", "ding" + "a" * 60, "dingABCdef123", " ding12345 "]
)
def test_S102_S104_ids_of_dingtalk_are_taken(
    new_idp: IdentityProvider, field: str, value: str
) -> None:
    """I-04, I-05."""
    assert forms_of(new_idp, **{field: value}).values()[field] == value.strip()


@pytest.mark.parametrize("field", ["corp_id", "app_key"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "ding",
        "ding123",
        "ding" + "a" * 61,
        "dang12345",
        "ding 12345",
        "ding12-45",
        "ding12345\n",
        "ding3608be7c4e5266ce4ac5d6980864****",
        "ding１２３４５",
        "ding测试测试测试",
        "Ding12345",
        "<script>alert(1)</script>",
    ],
)
def test_S103_S105_ids_of_another_form_are_refused(
    new_idp: IdentityProvider, field: str, value: str
) -> None:
    """I-04, I-05: the masked example too."""
    assert list(errors(new_idp, **{field: value})) == [field]


def other(corp_id: str, **values: Any) -> IdentityProvider:
    settings = {"corp_id": corp_id, "app_key": GOOD["app_key"]}
    return IdentityProvider.objects.create(
        kind="dingtalk", name="Other", settings=settings, **values
    )


def test_I_04_a_corp_id_of_another_confirmed_idp_is_refused(
    new_idp: IdentityProvider,
) -> None:
    other(GOOD["corp_id"].upper().replace("DING", "ding"), confirmed_at=timezone.now())
    assert errors(new_idp) == {"corp_id": ["taken"]}


def test_I_04_a_corp_id_of_a_draft_is_free(new_idp: IdentityProvider) -> None:
    other(GOOD["corp_id"])
    assert errors(new_idp) == {}


def test_I_05_an_app_key_of_another_idp_is_a_warning(
    new_idp: IdentityProvider,
) -> None:
    other("dingelsewhere", confirmed_at=timezone.now())
    forms = forms_of(new_idp)
    assert forms.is_valid()
    assert [field for field, _text in forms.vendor.warnings()] == ["app_key"]


@pytest.mark.parametrize(
    "value", [GOOD["app_secret"], f"  {GOOD['app_secret']}\n", "abc-_DEF12345678"]
)
def test_S106_S107_a_secret_is_taken_and_its_ends_trimmed(
    new_idp: IdentityProvider, value: str
) -> None:
    """I-06: hyphen and underscore belong to it."""
    assert forms_of(new_idp, app_secret=value).values()["app_secret"] == value.strip()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR-bn4FbfeVQQKNr1_1giWA****", "mask"),
        ("1Uji****", "mask"),
        ("••••", "mask"),
        ("●●●●●●●●", "mask"),
        ("abcd efgh12345", "space"),
        ("abcd\nefgh12345", "space"),
        ("secret.with.dots", "format"),
        ("ｆｕｌｌｗｉｄｔｈ", "format"),
        ("short", "format"),
        ("x" * 129, "format"),
        ("", "required"),
        ("   ", "required"),
    ],
)
def test_S106_a_mask_or_a_broken_secret_is_refused(
    new_idp: IdentityProvider, value: str, code: str
) -> None:
    """I-06."""
    assert errors(new_idp, app_secret=value) == {"app_secret": [code]}


def test_I_06_an_empty_secret_keeps_the_stored_one(new_idp: IdentityProvider) -> None:
    new_idp.set_secret("app_secret", "stored-secret-1")
    forms = forms_of(new_idp, app_secret="")
    assert forms.is_valid()
    forms.save()
    assert new_idp.secret("app_secret") == "stored-secret-1"


def test_I_06_a_secret_that_was_not_sent_is_kept(new_idp: IdentityProvider) -> None:
    new_idp.set_secret("app_secret", "stored-secret-1")
    forms_of(new_idp, app_secret=None).save()
    assert new_idp.secret("app_secret") == "stored-secret-1"


@pytest.mark.parametrize("value", ["standard", "dedicated"])
def test_S108_S109_both_types_are_taken(new_idp: IdentityProvider, value: str) -> None:
    assert forms_of(new_idp, dingtalk_type=value).values()["dingtalk_type"] == value


@pytest.mark.parametrize("value", ["dedicated ", "Standard", "other", ["standard"] * 2])
def test_I_07_other_types_are_refused(new_idp: IdentityProvider, value: Any) -> None:
    assert list(errors(new_idp, dingtalk_type=value)) == ["dingtalk_type"]


def test_a_type_that_was_not_sent_stays_what_it_is(new_idp: IdentityProvider) -> None:
    assert forms_of(new_idp, dingtalk_type=None).values()["dingtalk_type"] == "standard"
    new_idp.settings = {"dingtalk_type": "dedicated"}
    kept = forms_of(new_idp, dingtalk_type="").values()["dingtalk_type"]
    assert kept == "dedicated"
