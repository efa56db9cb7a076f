"""`sync_directory`: exit codes and the JSON that scripts rely on (design 5)."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import runs
from sync.models import Employee, SyncRun

pytestmark = pytest.mark.django_db(transaction=True)


def sync_directory(*args: str) -> tuple[int, Any]:
    """The exit code and the JSON object."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("sync_directory", *args, "--json", stdout=out)
    return int(str(ended.value.code)), json.loads(out.getvalue())


def test_a_success_exits_0_and_prints_its_counts(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    code, result = sync_directory(idp.name)
    people = len(simulator.company.people)
    assert (code, result["status"], result["created"]) == (0, "success", people)
    assert result["calls"] > 0
    assert result["error"] is None
    code, result = sync_directory(str(idp.pk))
    assert (code, result["created"], result["updated"], result["left"]) == (0, 0, 0, 0)


def test_held_exits_3_and_partial_exits_4(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    sync_directory(idp.name)
    simulator.permissions.discard("fieldMobile")
    assert sync_directory(idp.name)[0] == 4
    simulator.permissions.add("fieldMobile")
    for userid in sorted(simulator.company.people)[:9]:
        simulator.company.let_go(userid)
    code, result = sync_directory(idp.name)
    assert (code, result["status"]) == (3, "held")
    assert result["left"] == 0


def test_a_failure_exits_1_and_names_code_and_cause(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    idp.set_secret("app_secret", "wrong" * 8)
    code, result = sync_directory(idp.name)
    assert (code, result["status"]) == (1, "failed")
    assert result["error"]["cause"]
    assert "wrongwrong" not in json.dumps(result)


def test_another_active_run_exits_1_and_says_already_running(
    idp: IdentityProvider,
) -> None:
    runs.enqueue(idp, trigger="person")
    with pytest.raises(CommandError, match="already running") as refused:
        call_command("sync_directory", idp.name)
    assert refused.value.returncode == 1


def test_an_unknown_idp_is_a_usage_error(db: None) -> None:
    with pytest.raises(CommandError, match="no IdP is called") as refused:
        call_command("sync_directory", "nobody")
    assert refused.value.returncode == 2


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    code, result = sync_directory(idp.name, "--dry-run")
    assert (code, result["created"]) == (0, len(simulator.company.people))
    assert not Employee.objects.exists()
    assert not SyncRun.objects.exists()


def test_employees_are_synchronized_whatever_the_automatic_settings_say(
    idp: IdentityProvider,
) -> None:
    idp.auto_sync = idp.sync_users = False
    idp.save()
    assert sync_directory(idp.name)[1]["created"] > 0
