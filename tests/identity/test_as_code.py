"""`idp apply`: a file creates and changes IdPs as the wizard does."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.as_code.applying import Trial, save, wanted
from identity.as_code.reading import Refused, read
from identity.connection import has_pass
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import (
    AuditEvent,
    ConnectionReport,
    IdentityProvider,
    IdentitySecret,
    LogonSession,
    User,
)
from sync.models import SyncRun
from tests import builders
from tests.identity.conftest import page, words
from tests.plugins.files import SECRET, Folder, run

pytestmark = pytest.mark.django_db
AES_KEY = "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ"


def state() -> list[object]:
    """Everything that a refused file must leave alone."""
    return [
        *IdentityProvider.objects.order_by("pk").values(),
        *IdentitySecret.objects.order_by("pk").values(),
        *ConnectionReport.objects.order_by("pk").values("pk"),
        *AuditEvent.objects.order_by("pk").values("pk"),
    ]


def test_a_new_idp_is_tested_saved_confirmed_and_its_first_run_waits(
    folder: Folder, credentials: dict[str, str]
) -> None:
    ended = folder.apply()
    idp = IdentityProvider.objects.get()
    first = SyncRun.objects.get()
    assert (ended.code, ended.reasons) == (0, "")
    assert not idp.is_draft
    assert (idp.name, idp.sync_interval_hours) == ("Example", 6)
    assert idp.secret("app_secret") == credentials["app_secret"]
    assert has_pass(idp)
    assert idp.next_due_at is not None
    assert (first.trigger, first.by) == (SyncRun.Trigger.CONFIRM, None)
    assert "Example is set up." in ended.output
    assert "The first synchronization begins" in ended.output
    assert ended.output.endswith(reverse("sync:run", args=[first.pk]) + "\n")
    assert "pass" in ended.output
    assert credentials["app_secret"] not in ended.output


def test_the_audit_trail_has_the_wizards_lines_from_the_system_by_command(
    folder: Folder, credentials: dict[str, str]
) -> None:
    folder.apply()
    lines = AuditEvent.objects.order_by("pk")
    assert [line.action for line in lines] == [
        "idp.create",
        "idp.change",
        "idp.confirm",
    ]
    assert {(line.actor_name, line.address) for line in lines} == {
        ("system", "command")
    }
    assert lines[2].detail["app_secret"] == "changed"
    assert credentials["app_secret"] not in str([line.detail for line in lines])


def test_a_second_time_there_is_nothing_to_change_and_nothing_happens(
    folder: Folder, simulator: Simulator
) -> None:
    folder.apply()
    before, calls = state(), simulator.calls.copy()
    ended = folder.apply()
    assert (ended.code, ended.output) == (0, "Example: nothing to change.\n")
    assert state() == before
    assert simulator.calls == calls
    assert SyncRun.objects.count() == 1


def test_the_differences_stand_there_before_anything_is_changed(
    folder: Folder, simulator: Simulator
) -> None:
    simulator.permissions.clear()
    ended = folder.apply()
    assert ended.output.index("+ name") < ended.output.index("Connectivity Test")
    assert ended.code == 1


def test_each_kind_of_difference_has_its_sign(
    folder: Folder, idp: IdentityProvider, simulator: Simulator
) -> None:
    """+ new, - gone, ~ different; secrets only by what becomes of them."""
    mapping = {"name": "name", "email": ["org_email", "email"]}
    tops = [one.id for one in simulator.company.departments.values()][:1]
    ended = folder.apply(
        "--dry-run",
        synchronization={"scope": "partial", "departments": [str(tops[0])]},
        mapping=mapping | {"attributes": {"CostCentre": "extension.CostCentre"}},
    )
    assert (ended.code, ended.reasons) == (0, "")
    shown = ended.output
    assert '~ description: "" -> "DingTalk Logon"' in shown
    assert '~ synchronization.scope: "all" -> "partial"' in shown
    assert re.search(r'\+ synchronization\.departments: "1" \(.+\)', shown)
    assert '~ mapping.email: ["email", "org_email"] -> ["org_email", "email"]' in shown
    assert '- mapping.title: "title"' in shown
    assert '+ mapping.attributes.CostCentre: "extension.CostCentre"' in shown
    assert f"= credentials.app_secret: unchanged ({SECRET})" in shown


def test_a_dry_run_changes_nothing(folder: Folder, simulator: Simulator) -> None:
    ended = folder.apply("--dry-run")
    assert ended.code == 0
    assert "The Connectivity Test would run first." in ended.output
    assert not IdentityProvider.objects.exists()
    assert not simulator.calls


def test_a_failed_test_saves_nothing_and_says_why(
    folder: Folder, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wrong-secret-0123456789")
    before = state()
    ended = folder.apply()
    assert ended.code == 1
    assert "~ credentials.app_secret: will be replaced" in ended.output
    assert "DingTalk does not accept AppKey and AppSecret" in ended.output
    assert "Connection Failed" in ended.reasons
    assert "wrong-secret" not in ended.output + ended.reasons
    assert state() == before


def test_what_the_test_does_not_vouch_for_is_saved_without_one_and_without_a_run(
    folder: Folder,
    idp: IdentityProvider,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in Edit Identity Source."""
    monkeypatch.setenv("KEY", AES_KEY)
    monkeypatch.setenv("TOKEN", "a-token")
    more = folder.table("credentials", aes_key="env:KEY", token="env:TOKEN")
    ended = folder.apply(credentials=more)
    assert (ended.code, ended.reasons) == (0, "")
    assert "+ credentials.aes_key: set (KEY)" in ended.output
    assert idp.secret("aes_key") == AES_KEY
    assert AES_KEY not in ended.output
    assert not simulator.calls
    assert not SyncRun.objects.exists()
    assert [line.action for line in AuditEvent.objects.all()] == ["idp.change"]


def test_another_scope_starts_a_run_as_the_third_step_does(
    folder: Folder, idp: IdentityProvider
) -> None:
    ended = folder.apply(mapping={"name": "name"})
    idp.refresh_from_db()
    assert idp.mapping == [{"target": "name", "sources": ["name"]}]
    assert SyncRun.objects.get().trigger == SyncRun.Trigger.COMMAND
    assert "Example is saved.\nThe synchronization begins" in ended.output


def test_what_a_file_leaves_out_stays_as_it_is(
    folder: Folder, idp: IdentityProvider, credentials: dict[str, str]
) -> None:
    before: dict[str, Any] = dict(IdentityProvider.objects.values().get())
    ended = folder.text('type = "dingtalk"\nname = "EXAMPLE"\ndescription = "x"\n')
    after: dict[str, Any] = dict(IdentityProvider.objects.values().get())
    changed = {name for name in before if before[name] != after[name]}
    assert ended.code == 0
    assert changed == {"name", "description", "next_due_at", "updated_at"}
    assert idp.secret("app_secret") == credentials["app_secret"]


def test_an_id_in_the_file_renames(folder: Folder, idp: IdentityProvider) -> None:
    folder.apply(id=str(idp.pk), name="总部")
    assert IdentityProvider.objects.get().name == "总部"


def test_without_an_id_another_name_is_another_idp_and_the_company_is_taken(
    folder: Folder, idp: IdentityProvider
) -> None:
    ended = folder.apply(name="Other")
    assert ended.code == 1
    assert "credentials.corp_id: The IdP Example already connects" in ended.reasons
    assert IdentityProvider.objects.count() == 1


def test_a_name_that_no_database_takes_is_refused_by_the_form(folder: Folder) -> None:
    """I-01: on PostgreSQL too, where looking for it is an error."""
    ended = folder.apply(name="a\0b")
    assert ended.code == 1
    assert "name:" in ended.reasons
    assert not IdentityProvider.objects.exists()


def test_an_id_that_is_not_there_yet_is_given_to_the_new_idp(folder: Folder) -> None:
    """So that a rebuilt server hands out the addresses that DingTalk knows."""
    wish = "7f0c0c5e-53a5-4d2c-9d2f-2f6d1f7e9d55"
    folder.apply(id=wish)
    assert str(IdentityProvider.objects.get().pk) == wish


# --- drafts ---


def test_A11_draft_saves_without_test_and_without_confirm(
    folder: Folder, simulator: Simulator
) -> None:
    ended = folder.apply("--draft", mapping={"name": "name"})
    idp = IdentityProvider.objects.get()
    assert (ended.code, ended.reasons) == (0, "")
    assert idp.is_draft
    assert idp.mapping == [{"target": "name", "sources": ["name"]}]
    assert not simulator.calls
    assert not SyncRun.objects.exists()
    assert page(idp, "test") in ended.output
    assert folder.apply("--draft", mapping={"name": "name"}).output.endswith(
        "nothing to change.\n"
    )


def test_A11_the_console_goes_on_with_a_draft_that_a_file_made(
    folder: Folder, console: Client
) -> None:
    folder.apply("--draft")
    idp = IdentityProvider.objects.get()
    assert 'value="DingTalk Logon"' in words(console.get(page(idp, "basic")))


def test_a_draft_is_finished_by_the_same_file_without_draft(folder: Folder) -> None:
    folder.apply("--draft")
    ended = folder.apply()
    assert "Example is a draft and would be confirmed" in ended.output
    assert "Example is set up." in ended.output
    assert not IdentityProvider.objects.get().is_draft
    assert SyncRun.objects.get().trigger == SyncRun.Trigger.CONFIRM


def test_a_draft_needs_valid_values_too(folder: Folder) -> None:
    ended = folder.apply("--draft", name="a b")
    assert ended.code == 1
    assert "name: There is a space in it." in ended.reasons
    assert not IdentityProvider.objects.exists()


def test_draft_is_refused_for_a_confirmed_idp_with_the_reason(
    folder: Folder, idp: IdentityProvider
) -> None:
    before = state()
    ended = folder.apply("--draft")
    assert ended.code == 1
    assert "Example is confirmed already" in ended.reasons
    assert state() == before


# --- closing ---


def test_S092_closing_warns_and_needs_a_yes(
    folder: Folder, idp: IdentityProvider
) -> None:
    builders.employee(idp, "zhang")
    ended = folder.apply(status="closed")
    idp.refresh_from_db()
    assert ended.code == 1
    assert "Active employees: 1. Open sessions: 0." in ended.output
    assert "end users cannot access internal applications" in ended.output
    assert "--yes" in ended.reasons
    assert idp.status == "enabled"


def test_S092_closing_with_a_yes_closes(
    folder: Folder, idp: IdentityProvider, employee_account: User
) -> None:
    """F-27: and ends the sessions that were open through it."""
    LogonSession.objects.create(account=employee_account, idp=idp, session_key="k")
    ended = folder.apply("--yes", status="closed")
    idp.refresh_from_db()
    assert (ended.code, idp.status) == (0, "closed")
    line = AuditEvent.objects.get(action="idp.close")
    assert line.detail["status"] == ["enabled", "closed"]
    assert (line.detail["employees"], line.detail["sessions"]) == (0, 1)
    assert LogonSession.objects.get().ended_at is not None
    assert folder.apply(status="enabled").code == 0, "opening needs none"


# --- standard input ---


def test_a_dash_reads_standard_input(
    folder: Folder, piped: Callable[[str], None], idp: IdentityProvider
) -> None:
    piped('type = "dingtalk"\nname = "Example"\ndescription = "by pipe"\n')
    assert run("apply", "-").code == 0
    idp.refresh_from_db()
    assert idp.description == "by pipe"


@pytest.mark.parametrize("name", ["nowhere.toml", "", ".", "a\0b"])
def test_no_such_file_is_wrong_use(name: str) -> None:
    assert run("apply", name).code == 2


# --- other people, meanwhile ---


def test_a_change_between_the_differences_and_the_saving_stops_it(
    folder: Folder, idp: IdentityProvider
) -> None:
    """An administrator edits while the test runs: neither is lost unseen."""
    content = 'type = "dingtalk"\nname = "Example"\ndescription = "by file"\n'
    want = wanted(read(content.encode(), {}))
    IdentityProvider.objects.update(description="by hand")
    with pytest.raises(Refused, match="changed by somebody else"):
        save(want, None)
    idp.refresh_from_db()
    assert idp.description == "by hand"


def test_a_secret_that_was_rotated_before_the_saving_is_not_set_back(
    folder: Folder, idp: IdentityProvider, credentials: dict[str, str]
) -> None:
    """It was shown as unchanged, so that no test ran; now it would be another one."""
    content = (
        'type = "dingtalk"\nname = "Example"\ndescription = "by file"\n'
        '[credentials]\napp_secret = "env:STORED"\n'
    )
    want = wanted(read(content.encode(), {"STORED": credentials["app_secret"]}))
    assert not want.needs_test
    idp.set_secret("app_secret", "rotated-secret-0123456789")
    with pytest.raises(Refused, match="changed by somebody else"):
        save(want, None)
    assert idp.secret("app_secret") == "rotated-secret-0123456789"


def test_what_somebody_else_changed_elsewhere_stays(
    folder: Folder, idp: IdentityProvider
) -> None:
    content = 'type = "dingtalk"\nname = "Example"\ndescription = "by file"\n'
    want = wanted(read(content.encode(), {}))
    soon = timezone.now() + timedelta(minutes=5)
    IdentityProvider.objects.update(sync_interval_hours=3, next_due_at=soon)
    save(want, None)
    idp.refresh_from_db()
    assert (idp.description, idp.sync_interval_hours) == ("by file", 3)
    assert idp.next_due_at == soon


def test_a_test_vouches_for_no_secret_that_was_replaced_while_it_ran(
    folder: Folder, idp: IdentityProvider, credentials: dict[str, str]
) -> None:
    idp.settings |= {"app_key": "dingother1234"}
    idp.save()
    content = f'type = "dingtalk"\nname = "Example"\n[credentials]\napp_key = "{credentials["app_key"]}"\n'
    want = wanted(read(content.encode(), {}))
    trial = Trial(want)
    assert [check for check in trial.run() if check.status == "fail"] == []
    idp.set_secret("app_secret", "another-secret-0123456789")
    with pytest.raises(Refused, match="changed by somebody else"):
        save(want, trial)
    assert not ConnectionReport.objects.exists()


def test_an_idp_that_was_deleted_meanwhile_is_not_made_again(
    folder: Folder, idp: IdentityProvider
) -> None:
    want = wanted(read(b'type = "dingtalk"\nname = "Example"\nstatus = "closed"\n', {}))
    idp.delete()
    with pytest.raises(Refused, match="was deleted meanwhile"):
        save(want, None)
    assert not IdentityProvider.objects.exists()


def test_a_secret_that_cannot_be_opened_is_said_before_any_test(
    folder: Folder, idp: IdentityProvider, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = ["another key"]
    content = 'type = "dingtalk"\nname = "Example"\n[credentials]\napp_key = "dingother1234"\n'
    ended = folder.text(content)
    assert ended.code == 1
    assert "a stored secret cannot be opened" in ended.reasons
