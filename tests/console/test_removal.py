"""Deleting an IdP: only a closed one, by name, with all that is its own (U12, F-28)."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models.signals import post_delete
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import (
    AuditEvent,
    ConnectionReport,
    IdentityProvider,
    LogonAttempt,
    LogonSession,
    User,
)
from sync import removal
from sync.models import AccessCut, Change, Department, Employee, SyncRun
from tests import builders

UNHEARD: Any = {"first": lambda row: None, "last": lambda row: None}
SECRET = "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR"


@pytest.fixture
def closed(db: None) -> IdentityProvider:
    """A closed IdP with something in every table."""
    idp = builders.idp("Hangzhou", status="closed", settings={"corp_id": "ding12345"})
    return furnished(idp)


@pytest.fixture
def other(db: None) -> IdentityProvider:
    """An IdP that has nothing to do with it."""
    return furnished(builders.idp("Shanghai"))


def furnished(idp: IdentityProvider) -> IdentityProvider:
    builders.company(idp, people=12, departments=4)
    builders.change(builders.run(idp), "employee", "create", "user000001")
    held = builders.run(idp, "held")
    builders.event(idp, "left", ["user000001"], run=held)
    AccessCut.objects.create(employee=idp.employees.earliest("pk"))
    idp.set_secret("app_secret", SECRET)
    ConnectionReport.objects.create(idp=idp, fingerprint="x")
    return idp


def path(idp: IdentityProvider) -> str:
    return reverse("console:delete", args=[idp.pk])


def rows_of(idp: IdentityProvider) -> dict[str, int]:
    """How many rows of each table lead to this IdP, whichever tables there are."""
    found = {"IdentityProvider": IdentityProvider.objects.filter(pk=idp.pk).count()}
    for model in apps.get_models():
        for way in ways(model):
            count = model._default_manager.filter(**{way: idp.pk}).count()
            found[f"{model.__name__} {way}"] = count
    return found


def ways(model: type[models.Model], depth: int = 2) -> list[str]:
    """How a table leads to an IdP: over one foreign key or several."""
    found = []
    for field in model._meta.concrete_fields:
        target = field.related_model
        if target is IdentityProvider:
            found.append(field.name)
        elif depth and isinstance(target, type) and issubclass(target, models.Model):
            found += [f"{field.name}__{way}" for way in ways(target, depth - 1)]
    return found


def words(response: Any) -> str:
    return str(response.content.decode())


def test_the_page_counts_what_goes_and_says_what_stays(
    console: Client, closed: IdentityProvider
) -> None:
    """U12: numbers from the database."""
    shown = words(console.get(path(closed)))
    for line in (
        "<strong>12</strong> employees",
        "<strong>4</strong> departments",
        "<strong>13</strong> memberships",
        "<strong>2</strong> runs",
        "<strong>1</strong> recorded change",
        "<strong>1</strong> event",
        "<strong>1</strong> connectivity test",
        "<strong>1</strong> stored secret",
        "The audit trail",
    ):
        assert line in shown
    assert IdentityProvider.objects.exists()


def test_the_name_deletes_it_with_everything_and_nothing_else(
    console: Client, closed: IdentityProvider, other: IdentityProvider
) -> None:
    before = rows_of(other)
    assert before["Membership employee__idp"] > 0
    response = console.post(path(closed), {"typed": "Hangzhou"})
    assert response["Location"] == reverse("console:idps")
    assert not any(rows_of(closed).values())
    assert rows_of(other) == before
    assert "Hangzhou was deleted." in words(console.get(response["Location"]))


def test_one_with_nothing_of_its_own_begins_and_ends_in_the_audit_trail_too(
    console: Client, db: None
) -> None:
    console.post(path(builders.idp("Bare", status="closed")), {"typed": "Bare"})
    lines = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(lines) == ["idp.delete.begin", "idp.delete"]


def test_the_audit_trail_keeps_numbers_and_corpid_and_no_secret(
    console: Client, closed: IdentityProvider
) -> None:
    console.post(path(closed), {"typed": "Hangzhou"})
    line = AuditEvent.objects.get(action="idp.delete")
    assert (line.actor_name, line.target_label) == ("alice", "Hangzhou")
    assert line.target_id == str(closed.pk)
    assert line.detail["employees"] == 12
    assert line.detail["corp_id"] == "ding12345"
    assert AuditEvent.objects.filter(action="idp.delete.begin").count() == 1
    assert SECRET not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("typed", ["", "hangzhou", "Hangzhou2", "杭州"])
def test_a_wrong_name_deletes_nothing_and_is_kept_at_its_field(
    console: Client, closed: IdentityProvider, typed: str
) -> None:
    before = rows_of(closed)
    response = console.post(path(closed), {"typed": typed})
    assert response.status_code == 422
    assert f'value="{typed}"' in words(response)
    assert 'aria-invalid="true"' in words(response)
    assert rows_of(closed) == before
    assert not AuditEvent.objects.exists()


def test_an_enabled_idp_is_not_deleted_and_the_page_leads_to_edit(
    console: Client, other: IdentityProvider
) -> None:
    for response in (
        console.get(path(other)),
        console.post(path(other), {"typed": "Shanghai"}),
    ):
        assert "Only a closed IdP can be deleted" in words(response)
        assert reverse("identity:edit", args=[other.pk]) in words(response)
    assert response.status_code == 409
    assert Employee.objects.filter(idp=other).exists()


def test_a_draft_is_discarded_instead(console: Client) -> None:
    draft = builders.idp("", draft=True)
    for response in (console.get(path(draft)), console.post(path(draft))):
        assert response["Location"] == reverse("identity:discard", args=[draft.pk])
    assert IdentityProvider.objects.exists()


def test_only_administrators_see_it_and_delete(
    staff_console: Client, client: Client, closed: IdentityProvider
) -> None:
    for method in (staff_console.get, staff_console.post):
        assert method(path(closed), {"typed": "Hangzhou"}).status_code == 403
    assert client.post(path(closed), {"typed": "Hangzhou"}).status_code == 302
    assert IdentityProvider.objects.exists()


def test_overview_and_edit_lead_there_once_it_is_closed(
    console: Client, closed: IdentityProvider, other: IdentityProvider
) -> None:
    for name in ("console:overview", "identity:edit"):
        assert path(closed) in words(console.get(reverse(name, args=[closed.pk])))
        assert path(other) not in words(console.get(reverse(name, args=[other.pk])))


def test_what_was_deleted_is_gone_for_whoever_comes_later(
    console: Client, closed: IdentityProvider
) -> None:
    console.post(path(closed), {"typed": "Hangzhou"})
    assert console.post(path(closed), {"typed": "Hangzhou"}).status_code == 404
    assert console.get(path(closed)).status_code == 404
    with pytest.raises(IdentityProvider.DoesNotExist):
        removal.remove(closed, **UNHEARD, seconds=60)


def test_no_step_takes_more_rows_than_a_step_and_small_ones_do_it_too(
    closed: IdentityProvider,
) -> None:
    left: list[int] = []
    note = lambda row: left.append(Employee.objects.count())  # noqa: E731
    assert removal.remove(closed, first=note, last=note, seconds=60, size=2)
    assert left == [10, 0]
    assert not any(rows_of(closed).values())


def enabled_before(line: str) -> Any:
    """Somebody enables each IdP just before the first SQL that begins so."""
    done: list[str] = []

    def execute(run: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(line) and not done:
            done.append(sql)
            IdentityProvider.objects.update(status="enabled")
        return run(sql, *rest)

    return connection.execute_wrapper(execute)


NOTHING = "so nothing of it was deleted"
GONE = "come as new ones to your applications"


def test_one_that_is_enabled_before_anything_went_says_so(
    console: Client, closed: IdentityProvider, employee_account: User
) -> None:
    """Ending its sessions deletes nothing of it."""
    LogonSession.objects.create(account=employee_account, idp=closed, session_key="k")
    with enabled_before('UPDATE "identity_logonsession"'):
        shown = words(console.post(path(closed), {"typed": "Hangzhou"}, follow=True))
    assert NOTHING in shown
    assert "gone for good" not in shown
    assert Employee.objects.count() == 12
    assert LogonSession.objects.get(session_key="k").ended_at is not None
    lines = AuditEvent.objects.values_list("action", flat=True)
    assert list(lines) == ["idp.delete.stop"]


def test_one_that_is_enabled_meanwhile_says_what_is_gone_and_what_to_do(
    console: Client, closed: IdentityProvider
) -> None:
    """Whoever was removed comes back as somebody new: the old subject is gone."""

    def enable(**_: Any) -> None:
        IdentityProvider.objects.update(status="enabled")

    post_delete.connect(enable, sender=Department)
    try:
        shown = words(console.post(path(closed), {"typed": "Hangzhou"}, follow=True))
    finally:
        post_delete.disconnect(enable, sender=Department)
    assert "gone for good" in shown
    assert GONE in shown
    assert NOTHING not in shown
    assert not Employee.objects.exists()


def test_what_an_earlier_round_deleted_is_not_called_there(
    console: Client, closed: IdentityProvider, settings: Any
) -> None:
    """Enabled just as the next round begins, which deletes nothing itself."""
    settings.REMOVAL_SECONDS = 0
    console.post(path(closed), {"typed": "Hangzhou"})
    assert not Employee.objects.exists()
    with enabled_before("SELECT COUNT"):
        shown = words(console.post(path(closed), {"typed": "Hangzhou"}, follow=True))
    assert Department.objects.count() == 4
    assert GONE in shown
    assert NOTHING not in shown


def test_an_interrupted_removal_is_finished_by_the_next(
    console: Client, closed: IdentityProvider
) -> None:
    assert not removal.remove(closed, **UNHEARD, seconds=0, size=5)
    assert Employee.objects.count() == 7
    assert IdentityProvider.objects.exists()
    console.post(path(closed), {"typed": "Hangzhou"})
    assert not any(rows_of(closed).values())


def test_a_removal_that_takes_too_long_for_a_request_asks_to_go_on(
    console: Client, closed: IdentityProvider, settings: Any
) -> None:
    settings.REMOVAL_SECONDS = 0
    shown = words(console.post(path(closed), {"typed": "Hangzhou"}, follow=True))
    assert "What is missing from the numbers below is gone for good" in shown
    assert "Type the name again to delete the rest." in shown
    assert "<strong>4</strong> departments" in shown
    assert "Type <strong>Hangzhou</strong> to confirm" in shown
    assert not AuditEvent.objects.filter(action="idp.delete").exists()


def test_what_is_enabled_in_the_middle_stays(
    closed: IdentityProvider,
) -> None:
    removal.remove(closed, **UNHEARD, seconds=0, size=5)
    IdentityProvider.objects.update(status="enabled")
    with pytest.raises(removal.NotClosed):
        removal.remove(closed, **UNHEARD, seconds=60)
    assert Employee.objects.count() == 7
    assert Department.objects.count() == 4


def test_the_records_of_logons_stay_and_name_it_no_more(
    console: Client, closed: IdentityProvider, employee_account: User
) -> None:
    LogonAttempt.objects.create(trace_id="t", idp=closed)
    LogonSession.objects.create(account=employee_account, idp=closed, session_key="k")
    console.post(path(closed), {"typed": "Hangzhou"})
    assert LogonAttempt.objects.get().idp is None
    assert LogonSession.objects.get(session_key="k").idp is None


def test_no_session_outlives_the_idp_and_an_ended_one_keeps_its_end(
    console: Client, closed: IdentityProvider, employee_account: User
) -> None:
    """F-28: not even a removal that was interrupted leaves one open."""
    ended = timezone.now() - timedelta(days=1)
    for key, at in (("open", None), ("ended", ended)):
        LogonSession.objects.create(
            account=employee_account, idp=closed, session_key=key, ended_at=at
        )
    assert not removal.remove(closed, **UNHEARD, seconds=0, size=5)
    session = LogonSession.objects.get(session_key="open")
    assert session.ended_at is not None
    assert session.ended_because == "idp_deleted"
    assert LogonSession.objects.get(session_key="ended").ended_at == ended


def test_open_runs_end_before_anything_goes(
    closed: IdentityProvider,
) -> None:
    run = builders.run(closed, SyncRun.State.RUNNING)
    removal.remove(closed, **UNHEARD, seconds=0, size=5)
    run.refresh_from_db()
    assert run.state == SyncRun.State.SUPERSEDED
    assert run.finished_at is not None
    assert Change.objects.exists()


@pytest.mark.parametrize("what", ["change", "delete"])
def test_the_admin_is_no_way_around(
    console: Client, other: IdentityProvider, what: str
) -> None:
    """I-03: neither closing nor deleting."""
    address = f"/admin/identity/identityprovider/{other.pk}/{what}/"
    sent = {"status": "closed", "post": "yes"}
    assert console.post(address, sent).status_code == 403
    many = {"action": "delete_selected", "_selected_action": str(other.pk), **sent}
    console.post("/admin/identity/identityprovider/", many)
    other.refresh_from_db()
    assert other.status == "enabled"
