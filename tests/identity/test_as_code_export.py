"""`idp export`, `list` and `show`; and that a file leads back to where it came from."""

import json
import tomllib
import unicodedata
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.as_code.applying import wanted
from identity.as_code.reading import read
from identity.as_code.writing import as_toml, variables
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.forms.mapping import PROTECTED
from identity.mapping import CATALOGUE
from identity.models import IdentityProvider
from tests.plugins.files import SECRET, Folder, run

pytestmark = pytest.mark.django_db
HAN = "中文総部㐀𠮷𪚥"
SOURCES = ("name", "mobile", "email", "org_email", "title", "nickname", "extension.A b")

names = st.text(f"{HAN}abzAZ09_-", min_size=2, max_size=100)
texts = st.text(
    st.characters(
        exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"),
        exclude_characters="\ufffd",
    )
    | st.sampled_from(f"{HAN}\"'\\#[]=,{{}}"),
    max_size=25,
)
sources = st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2, unique=True)
mappings = st.fixed_dictionaries(
    {"name": sources},
    optional={field.key: sources for field in CATALOGUE if not field.required},
)
attributes = st.dictionaries(
    st.from_regex(r"[A-Z][A-Za-z0-9_]{0,31}", fullmatch=True).filter(
        lambda name: name.casefold() not in PROTECTED
    ),
    st.sampled_from((*SOURCES, 'extension."#\\=', "extension.成本中心𠮷")),
    max_size=3,
).filter(lambda found: len({name.casefold() for name in found}) == len(found))


departments = st.dictionaries(
    st.integers(1, 10**16).map(str),
    st.fixed_dictionaries({"name": st.text(max_size=12), "path": st.just([])}),
    max_size=3,
)
switches = st.sampled_from([(True, True), (True, False), (False, False)])


def store(idp: IdentityProvider, **values: Any) -> None:
    """Values as the wizard would have stored them."""
    for name, value in values.items():
        setattr(idp, name, value)
    idp.save()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=names,
    description=texts,
    status=st.sampled_from(["enabled", "closed"]),
    cycle=st.tuples(switches, st.integers(1, 24)),
    mapping=mappings,
    custom=attributes,
    chosen=departments,
)
def test_every_valid_idp_exports_a_file_that_changes_nothing(
    idp: IdentityProvider,
    credentials: dict[str, str],
    name: str,
    description: str,
    status: str,
    cycle: tuple[tuple[bool, bool], int],
    mapping: dict[str, list[str]],
    custom: dict[str, str],
    chosen: dict[str, dict[str, Any]],
) -> None:
    """Chinese and rare characters, quotes, backslashes, fallbacks, custom attributes,
    and departments that are called anything at all."""
    rows = [{"target": target, "sources": found} for target, found in mapping.items()]
    rows += [{"target": f"attributes.{n}", "sources": [s]} for n, s in custom.items()]
    (auto_sync, sync_users), hours = cycle
    store(
        idp,
        name=name,
        description=unicodedata.normalize("NFC", description).strip(" "),
        status=status,
        auto_sync=auto_sync,
        sync_users=sync_users,
        sync_interval_hours=hours,
        scope="partial" if chosen else "all",
        departments=list(chosen),
        department_labels=chosen,
        mapping=rows,
    )
    text = as_toml(idp)
    want = wanted(read(text.encode(), {SECRET: credentials["app_secret"]}))
    assert want.idp == idp
    assert not any(change.real for change in want.changes()), text


def test_export_and_apply_say_nothing_to_change(
    folder: Folder, idp: IdentityProvider
) -> None:
    text = run("export", "Example").output
    assert folder.text(text).output == "Example: nothing to change.\n"


def test_the_export_of_one_makes_another_with_another_name_and_id(
    folder: Folder, idp: IdentityProvider, credentials: dict[str, str]
) -> None:
    tables = tomllib.loads(run("export", "Example").output)
    del tables["id"]
    idp.settings |= {"corp_id": "dingelsewhere"}
    idp.save()
    ended = folder.text(tomli_w.dumps(tables | {"name": "分公司"}))
    other = IdentityProvider.objects.exclude(pk=idp.pk).get()
    assert (ended.code, ended.reasons) == (0, "")
    assert other.name == "分公司"
    assert not other.is_draft
    assert other.secret("app_secret") == credentials["app_secret"]


def test_a_file_holds_no_secret_but_the_names_of_variables(
    idp: IdentityProvider, credentials: dict[str, str]
) -> None:
    """P6, T-34, U15."""
    idp.set_secret("token", "canary-token")
    text = as_toml(idp)
    table = tomllib.loads(text)["credentials"]
    assert table == {
        "corp_id": credentials["corp_id"],
        "app_key": credentials["app_key"],
        "dingtalk_type": "standard",
        "push_method": "http",
        "app_secret": "env:DINGTALK_APP_SECRET",
        "token": "env:DINGTALK_TOKEN",
    }
    assert variables(idp) == ["DINGTALK_APP_SECRET", "DINGTALK_TOKEN"]
    assert credentials["app_secret"] not in text
    assert "canary" not in text


def test_departments_stand_with_their_names_even_hostile_ones(
    idp: IdentityProvider,
) -> None:
    idp.scope, idp.departments = "partial", ["501001", "501002"]
    idp.department_labels = {
        "501001": {"name": "研发\n]\nname = 'x'", "path": []},
        "501002": {"name": "\x1b[31mSales", "path": []},
    }
    text = as_toml(idp)
    table = tomllib.loads(text)
    assert table["synchronization"]["departments"] == ["501001", "501002"]
    assert table["name"] == "Example"
    assert "  # 研发 ] name = 'x'\n" in text
    assert "\x1b" not in text


def test_an_empty_draft_can_be_exported(draft: IdentityProvider) -> None:
    table = tomllib.loads(run("export", str(draft.pk)).output)
    assert (table["id"], table["name"]) == (str(draft.pk), "")


# --- list and show ---


def test_list_shows_name_id_type_status_and_the_next_run(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    other = IdentityProvider.objects.create(kind="dingtalk", name="总部")
    head, *rows = run("list").output.splitlines()
    assert head.split() == ["NAME", "ID", "TYPE", "STATUS", "NEXT", "RUN"]
    assert rows[0].split() == ["Example", str(idp.pk), "dingtalk", "enabled", "-"]
    assert rows[1].split() == ["总部", str(other.pk), "dingtalk", "draft", "-"]
    # On a terminal a Chinese character is as wide as two letters.
    assert rows[0].index(str(idp.pk)) == rows[1].index(str(other.pk)) + 2


def test_list_and_show_as_json(idp: IdentityProvider) -> None:
    [row] = json.loads(run("list", "--json").output)
    shown = json.loads(run("show", "example", "--json").output)
    assert row == {
        "id": str(idp.pk),
        "name": "Example",
        "type": "dingtalk",
        "status": "enabled",
        "next_run": None,
    }
    assert shown.items() >= row.items()
    assert shown["mapping"]["email"] == ["email", "org_email"]
    assert shown["addresses"]["request_url"].endswith(f"/events/dingtalk/{idp.pk}/")


def test_show_says_of_secrets_only_since_when_they_are_set(
    idp: IdentityProvider, credentials: dict[str, str]
) -> None:
    """P6, T-34."""
    plain = run("show", "Example").output
    shown = json.loads(run("show", "Example", "--json").output)["credentials"]
    day = f"{idp.secrets.get().created_at:%Y-%m-%d}"
    assert f"app_secret: set on {day}" in plain
    assert shown["app_secret"] == f"set on {day}"
    assert shown["token"] == "not set"
    assert credentials["app_secret"] not in plain + str(shown)


def test_a_draft_is_found_by_its_name_too(draft: IdentityProvider) -> None:
    draft.name = "Half"
    draft.save()
    assert "status: draft" in run("show", "half").output
