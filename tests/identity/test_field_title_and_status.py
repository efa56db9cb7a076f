"""I-02 and I-03: the description, which is the logon's title, and the status."""

from typing import Any

import pytest

from identity.models import IdentityProvider
from tests.identity.basics import errors, forms_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text", ["", "DingTalk Logon", "钉钉登录", "a & b < c", "x" * 100, "😀"]
)
def test_S097_a_description_of_one_line_is_taken(
    new_idp: IdentityProvider, text: str
) -> None:
    """I-02."""
    assert errors(new_idp, description=text) == {}


@pytest.mark.parametrize(
    "text",
    ["x" * 101, "a\nb", "a\r\nb", "\u202eabc", "a\u200bb", "a\u0000b", "a\u2028b"],
)
def test_A9_a_description_that_is_long_or_hides_something_is_refused(
    new_idp: IdentityProvider, text: str
) -> None:
    """I-02."""
    assert list(errors(new_idp, description=text)) == ["description"]


def test_text_is_kept_in_one_normal_form(new_idp: IdentityProvider) -> None:
    """Set X: é as one and as two code points is the same description."""
    assert forms_of(new_idp, description="e\u0301").values()["description"] == "\u00e9"


@pytest.mark.parametrize(
    "value", ["Enabled", "CLOSED", "", "on", "enabled ", ["enabled", "closed"], None]
)
def test_S099_S100_only_the_two_statuses_are_taken(
    new_idp: IdentityProvider, value: Any
) -> None:
    """I-03."""
    assert list(errors(new_idp, status=value)) == ["status"]


@pytest.mark.parametrize("value", ["enabled", "closed"])
def test_S099_S100_both_statuses_are_taken(
    new_idp: IdentityProvider, value: str
) -> None:
    assert forms_of(new_idp, status=value).values()["status"] == value


def test_I_02_characters_are_counted_once_they_are_composed(
    new_idp: IdentityProvider,
) -> None:
    """A hundred letters with their accents apart are two hundred code points."""
    hundred = "e\u0301" * 100
    assert forms_of(new_idp, description=hundred).values()["description"] == "é" * 100
    assert errors(new_idp, description=hundred + "e") == {"description": ["too_long"]}
