"""The department picker: counts, search, the chosen list, and what it comes to (U08)."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from identity import live
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from identity.signals import Size
from identity.views import seeking
from identity.views.effect import Effect
from sync.models import Department
from tests import builders
from tests.identity.conftest import page, words

pytestmark = pytest.mark.alone

LISTSUB = "/topapi/v2/department/listsub"
COUNT = "/topapi/user/count"
ROWS = {"scope": "partial", "source.name": "name"}


@pytest.fixture(autouse=True)
def _no_walk_of_another_test() -> None:
    cache.clear()


@pytest.fixture
def synced(tested: IdentityProvider) -> IdentityProvider:
    """What a synchronization would have stored of some company."""
    root = builders.department(tested, "1", "Acme")
    sales = builders.department(tested, "501", "Sales", root)
    labs = builders.department(tested, "502", "Labs", root)
    north = builders.department(tested, "503", "Sales North", sales)
    for number, places in enumerate([[root], [sales, labs], [north], [labs], [labs]]):
        builders.employee(tested, f"p{number}", departments=places)
    builders.recount(tested)
    return tested


def plain(text: str) -> str:
    """Without markup and with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def effect(console: Client, idp: IdentityProvider, **sent: Any) -> str:
    address = reverse("identity:effect", args=[idp.pk])
    return plain(words(console.post(address, ROWS | sent)))


def search(console: Client, idp: IdentityProvider, q: str, **more: str) -> str:
    address = reverse("identity:search", args=[idp.pk])
    return words(console.get(address, {"q": q} | more))


def names(shown: str) -> list[str]:
    return re.findall(r'data-hit="[^"]*" data-name="([^"]*)"', shown)


# --- what the choice comes to ---


def test_U08_the_sum_says_who_is_in_and_who_would_go(
    console: Client, synced: IdentityProvider
) -> None:
    shown = effect(console, synced, departments=["501", "502"])
    assert "3 departments, 4 people in" in shown
    assert "1 who is active now would go out of scope" in shown
    assert "each person once" in shown
    shown = effect(console, synced, scope="all")
    assert "4 departments, 5 people in" in shown
    assert "would go" not in shown


def test_U08_what_no_synchronization_has_read_is_said(
    console: Client, synced: IdentityProvider
) -> None:
    shown = effect(console, synced, departments=["503", "999"])
    assert "1 department, 1 person in" in shown
    assert "1 chosen department is not in it" in shown
    shown = effect(console, synced, departments=["999"])
    assert "was not read by any synchronization yet" in shown
    assert "Nothing is chosen" in effect(console, synced)


def test_before_the_first_synchronization_nothing_is_invented(
    console: Client, tested: IdentityProvider
) -> None:
    shown = effect(console, tested, departments=["501"])
    assert "known after the first synchronization" in shown
    shown = effect(console, tested, scope="all", headcount="40")
    assert "DingTalk counts 40 people in the company" in shown


# --- what detail fields cost ---

MANAGER = {"source.manager_userid": "manager_userid"}


@pytest.mark.parametrize(
    ("people", "rate", "minutes"),
    [(100_000, 20, 84), (10_000, 20, 9), (1, 20, 1), (0, 20, 0), (5000, 0, 0)],
)
def test_one_call_per_person_at_the_rate(
    people: int, rate: float, minutes: int
) -> None:
    """design.md 8: 100,000 people are 84 minutes."""
    cost = Effect("all", Size(1, people), people, "stored", rate)
    assert cost.minutes == minutes


def test_the_cost_is_that_of_the_stored_people_and_follows_the_choice(
    console: Client, synced: IdentityProvider, settings: Any
) -> None:
    settings.DINGTALK_RATE = 20
    shown = effect(console, synced, scope="all", **MANAGER)
    assert "5 more calls in every full synchronization, about 1 second" in shown
    assert "Direct manager" in shown
    shown = effect(console, synced, departments=["503"], **MANAGER)
    assert "1 more call in every full synchronization" in shown
    roles = {"custom_name": "roles", "custom_source": "roles"}
    shown = effect(console, synced, scope="all", **MANAGER, **roles)
    assert "5 more calls" in shown
    assert "Direct manager, Roles" in shown
    assert "more call" not in effect(console, synced, scope="all")


def test_before_a_synchronization_the_cost_is_that_of_the_vendors_count(
    console: Client, tested: IdentityProvider, simulator: Simulator, settings: Any
) -> None:
    rows = ROWS | MANAGER | {"scope": "all", "read": "sample"}
    before = simulator.calls[COUNT]
    shown = words(console.post(page(tested, "sync"), rows))
    people = len(simulator.company.people)
    assert f"{people} more calls" in shown
    assert "says the company has" in shown
    assert f'id="headcount" value="{people}"' in shown
    assert simulator.calls[COUNT] == before + 1
    settings.DINGTALK_RATE = 20
    sent = {"headcount": "6000", "departments": ["501001"], **MANAGER}
    shown = effect(console, tested, **sent)
    assert "6,000 more calls in every full synchronization, about 5 minutes" in shown
    assert "At most" in shown
    assert simulator.calls[COUNT] == before + 1, "it was sent along"


def test_a_count_that_cannot_be_had_is_no_trouble(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    simulator.faults.add("banned_page", COUNT)
    rows = ROWS | MANAGER | {"scope": "all", "read": "sample"}
    shown = words(console.post(page(tested, "sync"), rows))
    assert "Read from" in shown
    assert "could not be asked" not in shown
    assert "An example for 10,000 people" in shown


@pytest.mark.parametrize("headcount", ["", "-1", "1e9", "١", "9" * 40, "nan"])
def test_without_any_count_there_is_an_example(
    console: Client, tested: IdentityProvider, headcount: str
) -> None:
    shown = effect(console, tested, scope="all", headcount=headcount, **MANAGER)
    assert "10,000 more calls" in shown
    assert "An example for 10,000 people" in shown


# --- search ---


def test_the_search_finds_what_is_stored_with_its_way_and_people(
    console: Client, synced: IdentityProvider, simulator: Simulator
) -> None:
    before = simulator.calls.copy()
    shown = search(console, synced, "north")
    assert names(shown) == ["Sales North"]
    assert "Acme › Sales · 1 person" in plain(shown)
    assert 'data-above="1 501 "' in shown
    assert simulator.calls == before


def test_what_came_since_is_found_by_asking_dingtalk(
    console: Client, synced: IdentityProvider, simulator: Simulator
) -> None:
    simulator.company.add_department("Brand New", 501001)
    assert names(search(console, synced, "Brand New")) == []
    assert names(search(console, synced, "Brand New", seek="live")) == ["Brand New"]


def test_a_department_that_no_one_opened_is_found_before_any_synchronization(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    """Among hundreds, in turns of bounded calls; later searches ask nothing more."""
    company = simulator.company
    parents = [company.add_department(f"Team {n}", 501001).id for n in range(20)]
    groups = [
        company.add_department(f"G {n}", p).id for n, p in enumerate(parents * 15)
    ]
    company.add_department("Deep Down", groups[3])
    assert len(company.departments) > 300
    before = simulator.calls[LISTSUB]
    shown = search(console, tested, "deep DOWN")
    while "Search on" in shown:
        assert 'hx-trigger="load' in shown
        shown = search(console, tested, "deep DOWN")
    assert names(shown) == ["Deep Down"]
    assert "› Team 3 › G 3" in plain(shown)
    asked = simulator.calls[LISTSUB] - before
    assert asked <= len(company.departments)
    assert names(search(console, tested, "team 19")) == ["Team 19"]
    assert simulator.calls[LISTSUB] - before == asked


def test_one_turn_of_a_search_is_bounded(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    for number in range(2 * live.CALLS_A_TURN):
        simulator.company.add_department(f"Team {number}", 501001)
    before = simulator.calls[LISTSUB]
    shown = search(console, tested, "nowhere")
    assert 1 <= simulator.calls[LISTSUB] - before <= live.CALLS_A_TURN
    assert "so far" in shown
    assert "Search on" in shown


def test_a_search_that_asks_dingtalk_says_so_while_it_is_under_way(
    console: Client, synced: IdentityProvider
) -> None:
    def waiting() -> str:
        shown = words(console.get(page(synced, "sync")))
        return plain(shown.split('id="seek-wait"')[1].split("</div>")[0])

    assert "Searching" in waiting()
    assert "DingTalk" not in waiting()
    Department.objects.filter(idp=synced).delete()
    assert "Searching DingTalk" in waiting()


def test_a_search_that_stops_says_why_and_goes_on_later(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    taken = simulator.permissions.copy()
    simulator.permissions.clear()
    shown = search(console, tested, "a")
    assert "The search stopped" in shown
    assert 'hx-trigger="load' not in shown
    simulator.permissions |= taken
    assert "The search stopped" not in search(console, tested, "a")


def test_more_than_fit_are_said(console: Client, synced: IdentityProvider) -> None:
    root = Department.objects.get(idp=synced, source_id="1")
    for number in range(seeking.MOST + 5):
        builders.department(synced, f"9{number}", f"Branch {number}", root)
    shown = search(console, synced, "Branch")
    assert len(names(shown)) == seeking.MOST
    assert "There are more" in shown


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "\u0000", "'", "<b>", "x" * 5000, "\u202e", "部" * 3000]
)
def test_I_13_any_text_may_be_sought(
    console: Client, synced: IdentityProvider, text: str
) -> None:
    for more in ({}, {"seek": "live"}):
        shown = search(console, synced, text, **more)
        assert names(shown) == []
        assert "<b>" not in shown


def test_nothing_sought_is_nothing_found(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    before = simulator.calls.copy()
    for text in ("", "  "):
        assert search(console, tested, text).strip() == ""
    assert simulator.calls == before


# --- without script ---


def test_U46_search_choose_and_remove_are_buttons_that_lose_nothing(
    console: Client, synced: IdentityProvider
) -> None:
    where = page(synced, "sync")
    rows = ROWS | {"departments": ["502"], "source.title": "remark"}
    shown = words(console.post(where, rows | {"q": "north", "seek": "1"}))
    assert names(shown) == ["Sales North"]
    assert 'name="choose" value="503"' in shown
    rows |= {"q": "north", "sought": "north"}
    shown = words(console.post(where, rows | {"choose": "503"}))
    assert 'name="departments" value="503"' in shown
    assert 'name="departments" value="502"' in shown
    chosen = plain(shown.split("data-chosen>")[1].split("</ul>")[0])
    assert "Labs Acme 3 people" in chosen
    assert "Sales North Acme › Sales 1 person" in chosen
    assert 'name="drop" value="503"' in shown
    assert names(shown) == ["Sales North"], "the answer stays"
    assert '<option value="remark" selected>' in shown
    assert "2 departments, 4 people in" in plain(shown)
    rows["departments"] = ["502", "503"]
    shown = words(console.post(where, rows | {"drop": "502"}))
    assert 'name="departments" value="502"' not in shown
    assert 'name="departments" value="503"' in shown
    synced.refresh_from_db()
    assert synced.is_draft


def test_U46_enter_in_the_search_seeks_and_elsewhere_confirms(
    console: Client, tested: IdentityProvider
) -> None:
    """Without script a browser presses the form's first button."""
    where = page(tested, "sync")
    rows = {"scope": "all", "source.name": "name", "enter": "1"}
    response = console.post(where, rows | {"q": "a"})
    assert response.status_code == 200
    tested.refresh_from_db()
    assert tested.is_draft
    console.post(where, rows | {"q": "a", "sought": "a"})
    tested.refresh_from_db()
    assert not tested.is_draft


def test_counts_stand_in_the_tree_and_on_the_chosen(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    for source_id, record in simulator.company.departments.items():
        builders.department(tested, str(source_id), record.name, total=7)
    shown = words(console.get(page(tested, "sync"), {"open": ["top", "1"]}))
    assert shown.count('data-size="7 people"') > 2
    fragment = reverse("identity:departments", args=[tested.pk])
    assert 'data-size="7 people"' in words(console.get(fragment))


def test_a_chosen_one_keeps_its_way_without_asking(
    console: Client, tested: IdentityProvider, simulator: Simulator
) -> None:
    child = simulator.company.add_department("Kept", 501001)
    console.post(page(tested, "sync"), ROWS | {"departments": [str(child.id)]})
    simulator.permissions.clear()
    cache.clear()
    shown = words(console.get(page(tested, "sync")))
    above = simulator.company.departments[501001].name
    assert f"› {above}" in plain(shown.split("data-chosen>")[1])


def test_staff_may_not_ask(staff_console: Client, idp: IdentityProvider) -> None:
    for name in ("search", "effect"):
        address = reverse(f"identity:{name}", args=[idp.pk])
        assert staff_console.get(address).status_code in (403, 405)
        assert staff_console.post(address).status_code in (403, 405)
