"""The connectivity test in a terminal."""

import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from identity.connection import has_pass, latest_report
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.management.commands.check_connection import Command
from identity.models import IdentityProvider


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    out = io.StringIO()
    try:
        call_command("check_connection", *arguments, stdout=out, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


def test_a_pass_exits_0_and_keeps_the_report(idp: IdentityProvider) -> None:
    code, output = run("Example")
    assert code == 0
    assert "The test passed." in output
    assert has_pass(idp)


def test_an_idp_is_named_in_any_case_or_by_its_public_id(
    idp: IdentityProvider,
) -> None:
    assert run("eXAMPLE")[0] == 0
    assert run(str(idp.pk))[0] == 0


def test_a_failure_exits_1_with_the_seeds_sentence_and_the_real_cause(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    """S125."""
    simulator.allowed_addresses = set()
    code, output = run("Example")
    assert code == 1
    assert "Connection Failed" in output
    assert "server address and server port are correct" in output
    assert "203.0.113.9" in output
    assert not has_pass(idp)


def test_warnings_do_not_fail_and_are_counted(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    simulator.permissions.discard("fieldMobile")
    code, output = run("Example")
    assert code == 0
    assert "passed with 1 warnings" in output


@pytest.mark.parametrize("name", ["nobody", "", str(uuid.UUID(int=7))])
def test_an_unknown_idp_exits_2_and_names_those_there_are(
    idp: IdentityProvider, name: str
) -> None:
    with pytest.raises(CommandError, match="Known: Example") as caught:
        call_command("check_connection", name)
    assert caught.value.returncode == 2


def test_a_draft_without_credentials_fails_by_its_public_id(
    draft: IdentityProvider,
) -> None:
    code, output = run(str(draft.pk))
    assert code == 1
    assert "AppKey or AppSecret is not set" in output


def test_json_is_one_list_of_exactly_these_keys(idp: IdentityProvider) -> None:
    code, output = run("Example", "--json")
    rows: list[dict[str, Any]] = json.loads(output)
    assert code == 0
    assert [set(row) for row in rows] == [
        {"check", "status", "cause", "fix", "ms"}
    ] * 13
    assert {row["status"] for row in rows} == {"pass", "skipped"}
    assert all(isinstance(row["ms"], int) for row in rows)


def test_json_of_a_failure_is_a_list_too_and_exits_1(
    idp: IdentityProvider, simulator: Simulator
) -> None:
    simulator.permissions.discard("qyapi_get_member")
    code, output = run("Example", "--json")
    assert code == 1
    failed = [row for row in json.loads(output) if row["status"] == "fail"]
    assert [row["check"] for row in failed] == ["permission_qyapi_get_member"]
    assert "qyapi_get_member" in failed[0]["cause"]
    assert failed[0]["fix"]


def test_colours_are_for_terminals_alone(idp: IdentityProvider) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    piped, terminal = io.StringIO(), Terminal()
    call_command("check_connection", "Example", stdout=piped)
    call_command("check_connection", "Example", stdout=terminal, force_color=True)
    assert "\x1b[" not in piped.getvalue()
    assert "\x1b[" in terminal.getvalue()


def test_rows_are_aligned(idp: IdentityProvider) -> None:
    _code, output = run("Example")
    rows = [line for line in output.splitlines() if line.startswith(("pass", "skip"))]
    assert len(rows) == 13
    assert all(line[16:18] == "  " and line[18] != " " for line in rows)


def test_help_teaches_by_example() -> None:
    text = Command().create_parser("manage.py", "check_connection").format_help()
    for expected in ("manage.py check_connection", "--json", "exit status", "IDP"):
        assert expected in text


def test_the_report_of_a_command_is_nobodys(idp: IdentityProvider) -> None:
    run("Example")
    report = latest_report(idp)
    assert report is not None
    assert report.by is None
    assert report.passed
