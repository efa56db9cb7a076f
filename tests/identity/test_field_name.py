"""I-01: the name of an IdP."""

import pytest

from identity.models import IdentityProvider
from tests.identity.basics import errors, forms_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name",
    ["ab", "测试", "test", "测" * 100, "A-1_b", "-a", "𠮷𠮷", "𠮷" * 100, " padded "],
)
def test_S094_S095_a_name_of_allowed_characters_is_taken(
    new_idp: IdentityProvider, name: str
) -> None:
    """I-01: characters are counted, not bytes; extension B is Chinese too."""
    forms = forms_of(new_idp, name=name)
    assert forms.values()["name"] == name.strip(" ")
    assert forms.is_valid()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "测",
        "a" * 101,
        "测" * 101,
        "a b",
        "a.b",
        "ａｂ",
        "１２",
        "测试😀",
        "test\n",
        "\ttest",
        "a\u200bb",
        "\u202eabc",
        "a\u0000b",
        "тест",
        "Αlpha",
        "é" * 3,
        "e\u0301e\u0301",
        "ab\ufeff",
        "ab\U000e0041",
        "名\ue000字",
    ],
)
def test_S094_S095_a_name_with_anything_else_is_refused(
    new_idp: IdentityProvider, name: str
) -> None:
    """I-01, look-alikes and invisible characters included."""
    found = errors(new_idp, name=name)
    assert list(found) == ["name"]
    assert len(found["name"]) == 1


@pytest.mark.parametrize("name", ["sales", "SALES", "SaLeS"])
def test_A8_a_name_that_another_idp_has_is_refused_ignoring_case(
    new_idp: IdentityProvider, name: str
) -> None:
    IdentityProvider.objects.create(kind="dingtalk", name="Sales")
    assert errors(new_idp, name=name) == {"name": ["taken"]}


def test_a_name_may_stay_what_it_is(new_idp: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=new_idp.pk).update(name="Test")
    new_idp.refresh_from_db()
    assert errors(new_idp, name="TEST") == {}


def test_a_message_about_a_name_says_what_why_and_what_now(
    new_idp: IdentityProvider,
) -> None:
    problem = forms_of(new_idp, name="a.b").problems()[0]
    assert problem.field_id == "id_name"
    assert "U+002E" in problem.text
    assert "letters, digits, hyphens (-) and underscores (_)" in problem.text
    assert problem.text.endswith("Replace it.")
