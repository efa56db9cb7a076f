"""Explain access: why, what lifts it, and what staff see of it (pages 5.16)."""

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import Application, IdentityProvider
from sync.accounts import Bar
from sync.explaining import attempts_of, explain
from sync.models import AccessCut, Employee, SyncRun
from sync.org.unread import unread_of
from tests import builders
from tests.events.synced import log_on
from tests.sync_views.reading import links, read, words


@pytest.mark.django_db
def test_somebody_without_an_identity_is_nobody_to_a_logon(person: Employee) -> None:
    Employee.objects.filter(pk=person.pk).update(unionid="")
    rows = Employee.objects.select_related("idp", "account")
    found = explain(rows.get(pk=person.pk))
    assert found.bar is Bar.NOBODY
    assert [one.state for one in found.answers] == ["pass"] * 4 + ["fail", "pass"]


@pytest.mark.django_db
def test_who_came_back_under_another_userid_is_pointed_to(
    person: Employee, console: Client
) -> None:
    Employee.objects.filter(pk=person.pk).update(status="left")
    row = builders.employee(person.idp, "again", "Back Again")
    Employee.objects.filter(pk=row.pk).update(unionid=person.unionid)
    source = read(console, reverse("sync:access", args=[person.pk]))
    assert "This identity has another record now" in words(source)
    assert reverse("sync:employee", args=[row.pk]) in links(source)


@pytest.mark.django_db
def test_a_cut_names_its_notice_and_what_lifts_it(
    staff_console: Client, root: object, person: Employee
) -> None:
    event = builders.event(person.idp, "left", [person.userid], number=7)
    AccessCut.objects.create(employee=person, number=7)
    source = read(staff_console, reverse("sync:access", args=[person.pk]))
    assert reverse("sync:event", args=[event.pk]) in links(source)
    assert "two reads at least 30 seconds apart" in words(source)
    assert "A read counts from" in words(source)


# --- values that no run can see ---


@pytest.mark.django_db
def test_2_3_a_field_that_is_not_readable_is_told_with_run_and_permission(
    console: Client, person: Employee
) -> None:
    idp = person.idp
    builders.run(idp, unknown_fields=["mobile"])
    builders.run(idp)
    first = builders.run(idp, SyncRun.State.PARTIAL, unknown_fields=["mobile"])
    builders.run(idp, unknown_fields=["email"], people=False)
    builders.run(idp, SyncRun.State.FAILED)
    builders.run(idp, SyncRun.State.PARTIAL, unknown_fields=["mobile", "email"])
    assert unread_of(idp)["mobile"].run == first.pk
    source = read(console, reverse("sync:employee", args=[person.pk]))
    assert f"Kept since run {first.pk}" in words(source)
    assert "Not readable: the permission" in words(source)


# --- the logons of a person, and of nobody else ---


@pytest.mark.django_db
def test_the_logons_are_this_persons_alone_and_lead_to_their_traces(
    staff_console: Client, person: Employee
) -> None:
    mine = builders.attempt(person.idp, "cut", "status", userid=person.userid)
    builders.attempt(person.idp, "cut", "status", userid="somebody")
    other = builders.employee(person.idp, "other")
    log_on(other.userid)
    other.refresh_from_db()
    builders.attempt(person.idp, userid=person.userid, account=other.account)
    assert list(attempts_of(person)) == [mine]
    source = read(staff_console, reverse("sync:access", args=[person.pk]))
    assert reverse("console:logon", args=[mine.trace_id]) in links(source)
    assert "has just said that the person left" in words(source)


@pytest.mark.django_db
def test_T_44_staff_see_no_mobile_and_no_way_to_change_anything(
    staff_console: Client, person: Employee
) -> None:
    Employee.objects.filter(pk=person.pk).update(userid="13900001111")
    Application.objects.create(name="Gateway", enabled=False)
    IdentityProvider.objects.update(status="closed")
    source = read(staff_console, reverse("sync:access", args=[person.pk]))
    assert "13900001111" not in source
    assert not [one for one in links(source) if "/edit/" in one or "/setup/" in one]
