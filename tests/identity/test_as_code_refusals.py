"""What a file for `idp apply` may not hold, and what is said about it."""

from typing import Any

import pytest

from identity.as_code.reading import MOST_BYTES, MOST_PROBLEMS, Refused, read
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from tests.plugins.files import SECRET, Ended, Folder, run

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
CANARY = "canary-0123456789abcdef"


def refused(ended: Ended) -> str:
    """The reasons of an end that changed nothing."""
    assert ended.code == 1
    assert "Nothing was changed." in ended.reasons
    assert not IdentityProvider.objects.exists()
    return ended.reasons


# --- the file as such ---


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("type = ", "not TOML: Invalid value (at end of document)"),
        (
            'type = "dingtalk"\nname = x',
            "not TOML: Invalid value (at line 2, column 8)",
        ),
        ('a = "1"\na = "2"\nb = 1', "Cannot overwrite a value (at line 2, column 8)"),
        (b'name = "\xe4\xbd"', "not UTF-8 (line 1)"),
        (b"\n\n\xff\xfe", "not UTF-8 (line 3)"),
        ("a = " + "[" * 20_000, "nested too deeply"),
        ("a = " + "9" * 5000, "A number in the file has too many digits."),
        ("#" * (MOST_BYTES + 1), "larger than 256 KiB"),
        ("", 'type: is missing. Known: "dingtalk".'),
        ("type = 5", "type: is not a type"),
        ('type = "wecom"', 'type: is not a type that is installed here. Known: "ding'),
    ],
)
@pytest.mark.usefixtures("room_below")
def test_a_text_that_cannot_be_read_says_what_and_where(
    folder: Folder, content: str | bytes, said: str
) -> None:
    assert said in refused(folder.text(content))


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter(
    folder: Folder,
) -> None:
    document = read('\ufefftype = "dingtalk"\r\nname = "HQ"\r\n'.encode(), {})
    assert document.fields == {"name": "HQ"}


# --- keys and types ---


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('nam = "x"', "nam: there is no such key. The nearest that there is: name."),
        ("[credential]", "credential: there is no such key. The nearest that there is: credentials."),
        ('[credentials]\napp_kye = "x"', "credentials.app_kye: there is no such key. The nearest that there is: app_key."),
        ("[synchronization]\nautosync = true", "The nearest that there is: auto_sync."),
        ('[mapping]\nemial = "email"', "mapping.emial: there is no such key. The nearest that there is: email."),
        ('corp_id = "x"', "corp_id: this key stands in the table [credentials]. Move it there."),
        ("auto_sync = true", "this key stands in the table [synchronization]."),
        ('[credentials]\nname = "x"', "credentials.name: this key stands at the top, above all tables."),
        ("name = 5", "name: this must be a text in quotes."),
        ("description = 1979-05-27", "description: this must be a text in quotes."),
        ('status = ["enabled"]', "status: this must be a text in quotes."),
        ('[synchronization]\nauto_sync = "yes"', "synchronization.auto_sync: this must be true or false."),
        ("[synchronization]\nauto_sync = 1", "synchronization.auto_sync: this must be true or false."),
        ('[synchronization]\nsync_interval_hours = "6"', "synchronization.sync_interval_hours: this must be a whole number."),
        ("[synchronization]\nsync_interval_hours = 6.0", "synchronization.sync_interval_hours: this must be a whole number."),
        ("[synchronization]\nsync_interval_hours = true", "synchronization.sync_interval_hours: this must be a whole number."),
        ("[synchronization]\nsync_interval_hours = nan", "synchronization.sync_interval_hours: this must be a whole number."),
        ("[synchronization]\nsync_interval_hours = -inf", "synchronization.sync_interval_hours: this must be a whole number."),
        ("[synchronization]\nsync_interval_hours = 1_000_000_001", "synchronization.sync_interval_hours: this number is too large."),
        (f"[synchronization]\nsync_interval_hours = -{'9' * 4000}", "synchronization.sync_interval_hours: this number is too large."),
        (f"[synchronization]\nsync_interval_hours = 0x{'f' * 5000}", "synchronization.sync_interval_hours: this number is too large."),
        (f"[synchronization]\nsync_interval_hours = 0o{'7' * 9000}", "synchronization.sync_interval_hours: this number is too large."),
        (f"[synchronization]\nsync_interval_hours = 0b{'1' * 90000}", "synchronization.sync_interval_hours: this number is too large."),
        (f"name = 0x{'f' * 5000}", "name: this must be a text in quotes."),
        ("name = 07:32:00", "name: this must be a text in quotes."),
        ("name = inf", "name: this must be a text in quotes."),
        (f"[synchronization]\ndepartments = [0x{'f' * 5000}]", "synchronization.departments: this must be texts in quotes"),
        (f"[mapping]\nname = 0x{'f' * 5000}", "mapping.name: this must be texts in quotes"),
        ("[synchronization]\ndepartments = [501001]", "synchronization.departments: this must be texts in quotes"),
        ('[synchronization]\ndepartments = [""]', "synchronization.departments: this must be texts in quotes"),
        ("[synchronization]\nscope = 1", "synchronization.scope: this must be a text in quotes."),
        ("credentials = 1", "credentials: this is a table: write [credentials]."),
        ("[[mapping]]", "mapping: this is a table: write [mapping]."),
        ('[mapping]\nattributes = "x"', "mapping.attributes: this is a table: write [mapping.attributes]."),
        ("[mapping]\nname = 1", "mapping.name: this must be texts in quotes"),
        ('[mapping.attributes]\nX = ["a", "b"]', "mapping.attributes.X: this must be a text in quotes."),
        ('id = "HQ"', "id: this is not a public id"),
    ],
)  # fmt: skip
def test_a_wrong_key_or_type_is_named(folder: Folder, content: str, said: str) -> None:
    assert said in refused(folder.text(f'type = "dingtalk"\n{content}\n'))


def test_a_key_that_a_terminal_would_obey_is_shown_harmlessly(folder: Folder) -> None:
    reasons = refused(folder.text('type = "dingtalk"\n"\\u001b[2J\\u202e" = 1\n'))
    assert "\x1b" not in reasons
    assert "\u202e" not in reasons


def test_everything_that_is_wrong_is_said_at_once_but_not_without_end() -> None:
    lines = "\n".join(f"w{number} = 1" for number in range(20_000))
    with pytest.raises(Refused) as caught:
        read(f'type = "dingtalk"\n{lines}'.encode(), {})
    assert len(caught.value.problems) == MOST_PROBLEMS


# --- values: the wizard's own words ---


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": None}, "name: IdP Name is empty"),
        ({"name": "a b"}, "name: There is a space in it. An IdP Name may contain"),
        ({"name": "x"}, "name: One character is too short."),
        ({"description": "x" * 101}, "description: This has 101 characters; at most 100"),
        ({"description": "a\u202eb"}, "description: This contains the character U+202E"),
        ({"description": "a\nb"}, "description: This contains the character U+000A"),
        ({"status": "open"}, "status: This is not a status."),
        ({"synchronization": {"sync_interval_hours": 25}}, "synchronization.sync_interval_hours: The cycle is a whole number of hours from 1 to 24."),
        ({"synchronization": {"sync_interval_hours": -1}}, "synchronization.sync_interval_hours: The cycle is"),
        ({"synchronization": {"auto_sync": False, "sync_users": True}}, "synchronization.sync_users: Synchronize User Information needs Automatic"),
        ({"synchronization": {"scope": "some"}}, "synchronization.scope: This is not a scope."),
        ({"synchronization": {"scope": "partial"}}, "synchronization.departments: No department is chosen"),
        ({"synchronization": {"scope": "all", "departments": ["1"]}}, "synchronization.departments: they count only beside"),
        ({"synchronization": {"departments": ["1"]}}, "synchronization.departments: they count only beside"),
        ({"synchronization": {"scope": "partial", "departments": ["404404"]}}, "synchronization.departments: There is no department 404404"),
        ({"mapping": {"email": "email"}}, "mapping.name: This field is required."),
        ({"mapping": {"name": "surname"}}, "mapping.name: surname is not a field of this source."),
        ({"mapping": {"name": ["name", "nickname", "title"]}}, "mapping.name: At most two fields can feed one."),
        ({"mapping": {"name": "name", "attributes": {"sub": "title"}}}, "mapping.attributes.sub: sub is reserved."),
        ({"mapping": {"name": "name", "attributes": {"a b": "title"}}}, 'mapping.attributes."a b": The name of a custom field'),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_the_wizards_words_at_its_key(
    folder: Folder, changes: dict[str, Any], said: str
) -> None:
    """I-01 to I-15 for files."""
    assert said in refused(folder.apply(**changes))


def test_wrong_values_of_the_vendors_fields_stand_at_their_key(folder: Folder) -> None:
    given = folder.table("credentials", corp_id="corp", dingtalk_type="big")
    reasons = refused(folder.apply(credentials=given))
    assert "credentials.corp_id: This does not look like one of DingTalk's" in reasons
    assert "credentials.dingtalk_type: This is not a type of DingTalk." in reasons


def test_an_empty_mapping_is_not_the_default_one(folder: Folder) -> None:
    ended = folder.text('type = "dingtalk"\nname = "HQ"\n[mapping]\n')
    assert "mapping.name: This field is required." in refused(ended)


def test_departments_that_cannot_be_checked_are_refused(
    folder: Folder, simulator: Simulator
) -> None:
    simulator.permissions.clear()
    scope = {"scope": "partial", "departments": ["1"]}
    reasons = refused(folder.apply(synchronization=scope))
    assert (
        "synchronization.departments: The departments could not be checked" in reasons
    )


def test_the_type_of_an_idp_never_changes(
    folder: Folder, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(kind="other")
    assert 'Example is of type "other"' in folder.apply().reasons


# --- secrets ---


@pytest.mark.parametrize("given", [CANARY, f"env:{CANARY}", f"${CANARY}", 5, [CANARY]])
def test_a_secret_in_clear_is_refused_without_repeating_it(
    folder: Folder, given: object
) -> None:
    """T-34: nobody reads it in a log of the command."""
    credentials = folder.table("credentials", app_secret=given)
    ended = folder.apply(credentials=credentials)
    reasons = refused(ended)
    assert "credentials.app_secret: a secret never stands in the file." in reasons
    assert f'"env:{SECRET}"' in reasons
    assert "canary" not in reasons + ended.output


def test_a_missing_variable_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRET)
    assert f"the environment variable {SECRET} is not set" in refused(folder.apply())


def test_an_empty_variable_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "")
    assert f"the environment variable {SECRET} is empty" in refused(folder.apply())


@pytest.mark.parametrize("value", [f"{CANARY} {CANARY}", "****", f"{CANARY}\n."])
def test_a_secret_that_cannot_be_one_is_refused_without_repeating_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(SECRET, value)
    reasons = refused(folder.apply())
    assert "credentials.app_secret: " in reasons
    assert "canary" not in reasons


def test_a_new_idp_needs_its_secret(folder: Folder) -> None:
    given = folder.table("credentials", app_secret=None)
    reasons = refused(folder.apply(credentials=given))
    assert "credentials.app_secret: AppSecret is empty" in reasons


def test_a_document_shows_no_secret_where_it_is_printed(
    folder: Folder, credentials: dict[str, str]
) -> None:
    """T-34: `repr`."""
    content = f'type = "dingtalk"\n[credentials]\napp_secret = "env:{SECRET}"\n'
    document = read(content.encode(), {SECRET: CANARY})
    assert document.fields["app_secret"] == CANARY
    assert CANARY not in repr(document)


@pytest.mark.parametrize("words", [("show", "nobody"), ("export", ""), ("show", "")])
def test_no_such_idp_is_wrong_use_and_names_those_there_are(
    idp: IdentityProvider, words: tuple[str, ...]
) -> None:
    ended = run(*words)
    assert ended.code == 2
    assert "Known: Example." in ended.reasons
