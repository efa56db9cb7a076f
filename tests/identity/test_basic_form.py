"""What the wizard's first form takes and refuses: S093 to S122, I-01 to I-12."""

from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from identity.forms.idp import IdpForms, stored_problems
from identity.models import IdentityProvider

pytestmark = pytest.mark.django_db

KEY = "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ"
GOOD = {
    "name": "test",
    "description": "DingTalk Logon",
    "status": "enabled",
    "corp_id": "ding3608be7c4e5266ce4ac5d6980864abcd",
    "app_key": "dingwjlht8b93araabcd",
    "app_secret": "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR-bn4FbfeVQQKNr1_1giWAabcd",
    "dingtalk_type": "standard",
    "aes_key": "",
    "token": "",
    "auto_sync": "on",
    "sync_users": "on",
    "sync_interval_hours": "24",
}


@pytest.fixture
def new_idp() -> IdentityProvider:
    return IdentityProvider.objects.create(kind="dingtalk")


def sent(**changed: Any) -> QueryDict:
    """A POST of the good values, some changed; None leaves a field out."""
    data = QueryDict(mutable=True)
    for name, value in (GOOD | changed).items():
        if isinstance(value, list):
            data.setlist(name, value)
        elif value is not None:
            data[name] = value
    return data


def forms_of(idp: IdentityProvider, **changed: Any) -> IdpForms:
    return IdpForms(idp, sent(**changed))


def errors(idp: IdentityProvider, **changed: Any) -> dict[str, list[str]]:
    """Codes of the errors by field."""
    forms = forms_of(idp, **changed)
    return {
        name: [str(error.code) for error in found]
        for form in forms.both
        for name, found in form.errors.as_data().items()
    }


def test_the_example_values_of_the_guide_are_taken_once_they_are_whole(
    new_idp: IdentityProvider,
) -> None:
    assert errors(new_idp) == {}


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


@pytest.mark.parametrize(
    "key", [KEY, "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij", "a+b/" * 10 + "abc"]
)
def test_S110_an_aes_key_of_43_characters_is_taken(
    new_idp: IdentityProvider, key: str
) -> None:
    """I-08: stray low bits at the end are DingTalk's own, published keys have them."""
    assert errors(new_idp, aes_key=key, token="YYwR3A3rV6mrvpC") == {}


@pytest.mark.parametrize(
    "key",
    [
        KEY[:42],
        KEY + "x",
        KEY[:42] + "=",
        KEY + "=",
        KEY[:42] + "-",
        KEY[:42] + "_",
        KEY[:20] + " " + KEY[21:],
        "Ａ" * 43,
        "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AM******",
    ],
)
def test_S110_S111_another_aes_key_is_refused(
    new_idp: IdentityProvider, key: str
) -> None:
    """I-08: the token is not kept alone."""
    found = errors(new_idp, aes_key=key, token="YYwR3A3rV6mrvpC")
    assert list(found) == ["aes_key", "token"]
    assert found["token"] == ["pair"]


@pytest.mark.parametrize("token", ["x", "YYwR3A3rV6mrvpC", "!~" * 32])
def test_S112_a_token_of_visible_ascii_is_taken(
    new_idp: IdentityProvider, token: str
) -> None:
    """I-09."""
    assert errors(new_idp, aes_key=KEY, token=token) == {}


@pytest.mark.parametrize(
    "token", ["x" * 65, "a b", "tökenn", "令牌", "YYwR3A3rV6mrvpC******", "a\tb"]
)
def test_S112_S113_another_token_is_refused(
    new_idp: IdentityProvider, token: str
) -> None:
    """I-09: the key is not kept alone."""
    found = errors(new_idp, aes_key=KEY, token=token)
    assert list(found) == ["token", "aes_key"]
    assert found["aes_key"] == ["pair"]


@pytest.mark.parametrize("typed", [{"aes_key": KEY}, {"token": "YYwR3A3rV6mrvpC"}])
def test_A4_one_event_key_without_the_other_is_refused_and_not_kept(
    new_idp: IdentityProvider, typed: dict[str, str]
) -> None:
    forms = forms_of(new_idp, **typed)
    assert {problem.label for problem in forms.problems()} == {
        "AES Encryption Key",
        "Encryption Token",
    }
    forms.save()
    assert not new_idp.secrets.filter(name__in=["aes_key", "token"]).exists()


def test_A4_one_of_two_stored_event_keys_may_be_replaced(
    new_idp: IdentityProvider,
) -> None:
    new_idp.set_secret("aes_key", KEY)
    new_idp.set_secret("token", "old")
    forms = forms_of(new_idp, token="new")
    assert forms.is_valid()
    forms.save()
    assert new_idp.secret("token") == "new"
    assert new_idp.secret("aes_key") == KEY


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


def test_switching_the_cycle_off_in_a_draft_switches_people_off(
    new_idp: IdentityProvider,
) -> None:
    """S119 holds in the database, also when the other box was sent by mistake."""
    forms_of(new_idp, auto_sync=None).save()
    new_idp.refresh_from_db()
    assert (new_idp.auto_sync, new_idp.sync_users) == (False, False)


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
