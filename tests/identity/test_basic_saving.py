"""The first step as a whole: defaults, what is kept, and what is still missing."""

import pytest

from identity.forms.idp import IdpForms, stored_problems
from identity.models import IdentityProvider
from tests.identity.basics import GOOD, KEY, errors, forms_of

pytestmark = pytest.mark.django_db


def test_the_example_values_of_the_guide_are_taken_once_they_are_whole(
    new_idp: IdentityProvider,
) -> None:
    assert errors(new_idp) == {}


def test_S101_S117_S120_S122_a_new_idp_starts_with_the_defaults_of_the_guide(
    new_idp: IdentityProvider,
) -> None:
    form = IdpForms(new_idp).core
    assert form["status"].value() == "enabled"
    assert form["auto_sync"].value() is True
    assert form["sync_users"].value() is True
    assert form["sync_interval_hours"].value() == 24


def test_a_draft_keeps_what_is_right_when_something_else_is_wrong(
    new_idp: IdentityProvider,
) -> None:
    forms = forms_of(new_idp, name="a b", corp_id="nonsense")
    changes = forms.save()
    new_idp.refresh_from_db()
    assert not forms.is_valid()
    assert new_idp.name == ""
    assert new_idp.settings == {"app_key": GOOD["app_key"], "dingtalk_type": "standard"}
    assert new_idp.description == "DingTalk Logon"
    assert new_idp.secret("app_secret") == GOOD["app_secret"]
    assert changes["app_secret"] == "changed"
    assert GOOD["app_secret"] not in str(changes)


def test_saving_the_same_values_again_changes_nothing(
    new_idp: IdentityProvider,
) -> None:
    forms_of(new_idp, aes_key=KEY, token="t").save()
    sealed = set(new_idp.secrets.values_list("sealed", flat=True))
    assert forms_of(new_idp, aes_key=KEY, token="t").save() == {}
    assert set(new_idp.secrets.values_list("sealed", flat=True)) == sealed


def test_what_is_missing_is_told_from_the_row_alone(new_idp: IdentityProvider) -> None:
    before = {problem.field_id for problem in stored_problems(new_idp)}
    assert before == {"id_name", "id_corp_id", "id_app_key", "id_app_secret"}
    forms_of(new_idp).save()
    assert stored_problems(new_idp) == []
