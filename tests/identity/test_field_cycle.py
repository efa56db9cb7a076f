"""I-10 to I-12: the automatic synchronization, its people and its cycle."""

from typing import Any

import pytest

from identity.models import IdentityProvider
from tests.identity.basics import errors, forms_of

pytestmark = [pytest.mark.alone, pytest.mark.django_db]


@pytest.mark.parametrize("value", ["yes", "2", "On", ["on", "on"], "null"])
def test_I_10_what_only_looks_like_a_switch_is_refused(
    new_idp: IdentityProvider, value: Any
) -> None:
    found = errors(new_idp, auto_sync=value, sync_users=None)
    assert list(found) == ["auto_sync"]


@pytest.mark.parametrize(
    ("value", "on"),
    [("on", True), ("true", True), ("1", True), (None, False), ("off", False)],
)
def test_S115_S116_a_switch_is_on_or_off(
    new_idp: IdentityProvider, value: Any, on: bool
) -> None:
    forms = forms_of(new_idp, auto_sync=value, sync_users=None)
    assert forms.values()["auto_sync"] is on


def test_S119_people_are_synchronized_only_with_the_automatic_synchronization(
    new_idp: IdentityProvider,
) -> None:
    """I-11."""
    assert errors(new_idp, auto_sync=None) == {"sync_users": ["needs_auto_sync"]}
    assert errors(new_idp, auto_sync=None, sync_users=None) == {}


@pytest.mark.parametrize("hours", ["1", "2", "9", "10", "19", "20", "24"])
def test_S121_whole_hours_from_1_to_24_are_taken(
    new_idp: IdentityProvider, hours: str
) -> None:
    """I-12, A7."""
    taken = forms_of(new_idp, sync_interval_hours=hours).values()
    assert taken["sync_interval_hours"] == int(hours)


@pytest.mark.parametrize(
    "hours",
    [
        "0",
        "25",
        "-1",
        "1.5",
        "1e1",
        "0x10",
        "01",
        "１２",
        "٣",
        "٢٤",
        "true",
        "9223372036854775808",
        "NaN",
        "+1",
        " 1",
        "1\n",
        "",
        None,
        ["1", "2"],
    ],
)
def test_S121_any_other_cycle_is_refused(new_idp: IdentityProvider, hours: Any) -> None:
    """I-12."""
    found = errors(new_idp, sync_interval_hours=hours)
    assert list(found) == ["sync_interval_hours"]


def test_switching_the_cycle_off_in_a_draft_switches_people_off(
    new_idp: IdentityProvider,
) -> None:
    """S119 holds in the database, also when the other box was sent by mistake."""
    forms_of(new_idp, auto_sync=None).save()
    new_idp.refresh_from_db()
    assert (new_idp.auto_sync, new_idp.sync_users) == (False, False)
