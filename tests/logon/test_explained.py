"""Explain access: what it says is what a real logon does (design 2.10)."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.logon import Outcome
from identity.models import IdentityProvider, User
from sync.accounts import Bar, may_log_on
from sync.explaining import Explanation, explain
from sync.models import AccessCut, Employee
from tests import builders
from tests.engine.conftest import Sync
from tests.engine.conftest import sync as sync
from tests.events.synced import log_on, widen
from tests.logon.browsers import Browser, ended
from tests.logon.conftest import World
from tests.oidc.conftest import SECRET
from tests.oidc.conftest import application as made
from tests.oidc.conftest import signing_key as signing_key
from tests.oidc.relying import Relying, sent_to
from tests.sync_views.reading import read, words


def explained(person: Employee) -> Explanation:
    """As the page explains it now."""
    rows = Employee.objects.select_related("idp", "account")
    return explain(rows.get(pk=person.pk))


# --- every state, and the logon that it stands for ---


def nothing(world: World) -> None:
    """As it should be."""


def known_account(world: World) -> None:
    log_on(world.person.userid)


def left(world: World) -> None:
    if world.anyone.userid in world.simulator.company.people:
        world.simulator.company.let_go(world.anyone.userid)
    Employee.objects.filter(pk=world.person.pk).update(status="left")


def outside(world: World) -> None:
    """Here and at the vendor's, in none of the chosen departments."""
    other = world.simulator.company.add_department("Elsewhere")
    IdentityProvider.objects.update(scope="partial", departments=[str(other.id)])
    Employee.objects.filter(pk=world.person.pk).update(status="out_of_scope")


def cut(world: World) -> None:
    AccessCut.objects.create(employee=world.person)


def closed(world: World) -> None:
    IdentityProvider.objects.update(status="closed")


def twin(world: World) -> None:
    row = builders.employee(world.idp, "twin")
    Employee.objects.filter(pk=row.pk).update(unionid=world.anyone.unionid)


def switched_off(world: World) -> None:
    known_account(world)
    User.objects.filter(employee=world.person).update(is_active=False)


def made_staff(world: World) -> None:
    known_account(world)
    User.objects.filter(employee=world.person).update(role=User.Role.STAFF)


def cut_and_closed(world: World) -> None:
    cut(world)
    closed(world)


def left_and_switched_off(world: World) -> None:
    switched_off(world)
    left(world)


STATES: tuple[tuple[Callable[[World], None], set[Bar]], ...] = (
    (nothing, set()),
    (known_account, set()),
    (cut, {Bar.CUT}),
    (closed, {Bar.CLOSED}),
    (twin, {Bar.AMBIGUOUS}),
    (switched_off, {Bar.ACCOUNT}),
    (made_staff, {Bar.ACCOUNT}),
    (cut_and_closed, {Bar.CUT, Bar.CLOSED}),
    # From here on the vendor does not know them either.
    (left, {Bar.LEFT}),
    (left_and_switched_off, {Bar.LEFT, Bar.ACCOUNT}),
)


def tried(world: World) -> str:
    """What a whole logon of the person comes to."""
    browser = Browser()
    state = browser.begin(world.idp)
    browser.back(code=world.code(), state=state)
    return ended()[1]


@pytest.mark.django_db
def test_2_10_the_explanation_is_what_a_real_logon_does_in_every_state(
    world: World,
) -> None:
    for spoil, expected in STATES:
        with transaction.atomic():
            spoil(world)
            agree(world, expected)
            transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_2_10_who_is_out_of_scope_is_explained_as_the_read_at_a_logon_finds_them(
    world: World,
) -> None:
    outside(world)
    agree(world, {Bar.OUT_OF_SCOPE})


def agree(world: World, expected: set[Bar]) -> None:
    """What is explained, and what a real logon comes to, are one."""
    found = explained(world.person)
    bars = {answer.bar for answer in found.answers if answer.bar}
    assert bars == expected
    outcome = tried(world)
    assert (outcome == Outcome.SUCCESS) == (found.bar is None), (expected, outcome)
    if expected and Bar.LEFT not in expected:  # the vendor refuses who left
        assert outcome in {bar.value for bar in expected}


@pytest.mark.django_db
def test_2_10_of_each_application_it_says_what_the_application_gets(
    world: World, signing_key: object
) -> None:
    gateways = [made("Gateway"), made("Switched off", enabled=False)]
    for spoil in (nothing, cut, closed):
        with transaction.atomic():
            browser = Browser()
            browser.back(code=world.code(), state=browser.begin(world.idp))
            spoil(world)
            said = {
                one.application.pk: one.bar
                for one in explained(world.person).admissions
            }
            person = Employee.objects.select_related("idp").get(pk=world.person.pk)
            for row in gateways:
                answer = Relying(row, SECRET).ask(browser.client)
                let_in = sent_to(answer, "https://rp.example/cb")
                assert let_in == (said[row.pk] is None), (spoil.__name__, row.name)
                assert let_in == may_log_on(person, row)
            transaction.set_rollback(True)


# --- in or out, and why ---


def page(client: Client, userid: str) -> str:
    """The words of somebody's page."""
    person = Employee.objects.filter(userid=userid).latest("pk")
    return words(read(client, reverse("sync:access", args=[person.pk])))


def test_why_somebody_is_in_or_out_is_said_with_the_run_and_the_department(
    simulator: Simulator, idp: IdentityProvider, sync: Sync, console: Client
) -> None:
    company = simulator.company
    sales = company.add_department("Sales")
    north = company.add_department("North", sales.id)
    labs = company.add_department("Labs")
    inside = company.hire("Inside", north.id).userid
    outside = company.hire("Outside", labs.id).userid
    leaver = company.hire("Leaver", sales.id).userid
    sync()
    assert "Everything is synchronized" in page(console, inside)

    widen(idp)
    idp.scope, idp.departments = "partial", [str(sales.id)]
    idp.save()
    assert "None of the chosen departments covers" in page(console, outside)

    company.let_go(leaver)
    run = sync()
    assert "Sales Sales › North" in page(console, inside)
    for userid, what in ((outside, "Out of scope"), (leaver, "Left")):
        said = page(console, userid)
        assert f"What happened {what} When" in said
        assert f"By Run {run.pk} Was in" in said
        assert f"Was in {'Labs' if userid == outside else 'Sales'}" in said
        assert "A logon would not work now" in said
