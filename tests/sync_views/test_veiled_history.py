"""Staff never see a whole mobile where changes, plans and what is kept are shown, and
cannot find the hidden digits by searching for them."""

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Department, Kept, SyncRun
from tests import builders
from tests.sync_views.reading import read

pytestmark = pytest.mark.django_db
ABROAD, HOME = "85298765432", "13812345678"


@pytest.fixture
def held(root: Department) -> SyncRun:
    """People whose user ids are their mobiles: one is there, one is to come."""
    idp = root.idp
    builders.employee(idp, ABROAD, f"Lee {ABROAD}", [root], mobile=ABROAD, title=HOME)
    run = builders.run(idp, "held", digest="d" * 64)
    rows = {
        "update": (ABROAD, {"before": {"title": "A"}, "after": {"title": ABROAD}}),
        "create": ("85233334444", {"after": {"name": "Wu", "mobile": "85233334444"}}),
    }
    for kind, (key, sides) in rows.items():
        builders.change(run, "employee", kind, key, label=key, applied=False, **sides)
    builders.change(run, "employee", "leave", HOME, label=HOME, applied=False)
    made = builders.run(idp)
    builders.change(made, "employee", "update", ABROAD, label=f"Lee {ABROAD}")
    builders.change(made, "membership", "create", f"{ABROAD}/1", place="1")
    for entity, key in (("employee", ABROAD), ("membership", f"{ABROAD}/1")):
        Kept.objects.create(idp=idp, entity=entity, key=key, label=key, run=run)
    return run


def test_t33_no_page_shows_staff_the_mobile_that_is_a_user_id(
    held: SyncRun, staff_console: Client, console: Client
) -> None:
    person = held.idp.employees.get(userid=ABROAD)
    page = reverse("sync:run", args=[held.pk])
    changes = reverse("sync:changes")
    addresses = [
        f"{page}?part=employee-update",
        f"{page}?part=employee-create",
        changes,
        f"{changes}?person={person.pk}",
        reverse("sync:kept", args=[held.idp_id]),
        f"{reverse('sync:directory')}?dept={held.idp.directory_departments.get(source_id='1').pk}&tab=history",
    ]
    for address in addresses:
        source = read(staff_console, address)
        for number in (ABROAD, HOME, "85233334444"):
            assert number not in source, address
    assert ABROAD in read(console, changes)


def test_t33_digits_of_a_hidden_mobile_cannot_be_found_in_a_plan_by_trying(
    held: SyncRun, staff_console: Client, console: Client
) -> None:
    page = reverse("sync:run", args=[held.pk])
    for client, least in ((staff_console, 0), (console, 1)):
        shown = client.get(f"{page}?q=13812345").context["shown"]
        assert len(shown.rows) == least
    assert len(staff_console.get(f"{page}?q={HOME}").context["shown"].rows) == 1
