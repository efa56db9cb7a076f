"""Staff never see a whole mobile, in no page, fragment or source of one."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider, User
from sync.models import Change, Department, Employee
from sync.org.matching import hide_number
from sync.views.veil import Veil
from tests import builders
from tests.sync_views.reading import pane, read

pytestmark = pytest.mark.django_db

MOBILE = "13900001111"
SHORT = "556677"


@pytest.fixture
def places(root: Department, person: Employee) -> list[str]:
    """Every address that shows something of the person, whose mobile is everywhere."""
    idp = root.idp
    mobile = next(
        source.key
        for source in idp.connector_class.source_fields()
        if source.default_target == "mobile"
    )
    name = next(
        source.key
        for source in idp.connector_class.source_fields()
        if source.default_target == "name"
    )
    idp.mapping = [
        {"target": "name", "sources": [name]},
        {"target": "mobile", "sources": [mobile]},
        {"target": "telephone", "sources": [mobile]},
        {"target": "attributes.Phone", "sources": [mobile]},
    ]
    idp.save()
    person.userid = MOBILE
    person.email = f"{MOBILE}@example.test"
    person.telephone = "13900002222"
    person.remark = f"call {MOBILE} or 13700003333"
    person.attributes = {"Phone": "13900004444"}
    person.manager_userid = "13800005555"
    person.save()
    builders.employee(idp, "short", "Short", [root], mobile=SHORT)
    run, held = builders.run(idp), builders.run(idp, "held")
    values = {"name": "张三丰", "mobile": MOBILE, "attributes.Phone": "13900004444"}
    for changed, applied in ((run, True), (held, False)):
        builders.change(
            changed,
            Change.Entity.EMPLOYEE,
            Change.Kind.UPDATE,
            MOBILE,
            label="张三丰",
            before=values | {"manager_userid": "13800005555"},
            after=dict.fromkeys(values, "13600006666"),
            applied=applied,
        )
        for kind in (Change.Kind.LEAVE, Change.Kind.REMOVE, Change.Kind.REPLACE):
            builders.change(
                changed,
                Change.Entity.EMPLOYEE,
                kind,
                MOBILE,
                before=values,
                applied=applied,
            )
    builders.change(
        run, Change.Entity.EMPLOYEE, Change.Kind.CREATE, "13500007777", label=""
    )
    body = f'{{"userId": ["{MOBILE}"], "mobile": "{SHORT}", "note": "+86{MOBILE}"}}'
    for state in ("held", "pending", "applied"):
        builders.event(
            idp, "left", [MOBILE, "13500008888"], state=state, run=run, body=body
        )
    directory = reverse("sync:directory")
    groups = [
        f"{reverse('sync:run', args=[r.pk])}?entity=employee&kind={kind}"
        for r in (run, held)
        for kind in ("create", "update", "leave", "remove", "replace")
    ]
    return [
        directory,
        f"{directory}?dept={root.pk}",
        f"{directory}?dept={root.pk}&sub=1&status=any",
        f"{directory}?q=张三丰",
        f"{directory}?q=Short",
        reverse("sync:employee", args=[person.pk]),
        reverse("sync:events"),
        *(reverse("sync:event", args=[event.pk]) for event in idp.events.all()),
        *groups,
    ]


def whole_numbers(source: str) -> set[str]:
    """What looks like a whole mobile in a page's source, or is the short one."""
    found = set(re.findall(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", source))
    return found | ({SHORT} if SHORT in source else set())


def test_staff_see_no_whole_mobile_in_any_page_or_fragment(
    staff_console: Client, places: list[str]
) -> None:
    for place in places:
        assert whole_numbers(read(staff_console, place)) == set(), place
        assert whole_numbers(pane(staff_console, place)) == set(), place


def test_a_mobile_in_a_name_or_a_title_is_masked_on_the_page_and_in_the_drawer(
    staff_console: Client, root: Department
) -> None:
    """Of the person and of the manager."""
    idp = root.idp
    builders.employee(idp, "m", f"Boss {MOBILE}", [root], mobile=MOBILE)
    worker = builders.employee(idp, "w", f"Ada {MOBILE}", [root])
    worker.title, worker.manager_userid = f"call {MOBILE}", "m"
    worker.save()
    page = read(staff_console, reverse("sync:employee", args=[worker.pk]))
    address = f"{reverse('sync:directory')}?idp={idp.pk}&user={worker.pk}"
    headers = {"HX-Request": "true", "HX-Target": "drawer"}
    for source in (page, read(staff_console, address, **headers)):
        assert whole_numbers(source) == set()
        assert "Ada 139****1111" in source
        assert "Boss 139****1111" in source


def test_administrators_see_them(console: Client, places: list[str]) -> None:
    seen = set().union(*(whole_numbers(read(console, place)) for place in places))
    assert {MOBILE, SHORT, "13900002222", "13900004444", "13600006666"} <= seen


def test_a_masked_mobile_shows_its_two_ends(
    staff_console: Client, places: list[str]
) -> None:
    assert "139****1111" in read(staff_console, f"{reverse('sync:directory')}?q=张三丰")


@pytest.mark.parametrize("text", [MOBILE, "139 0000 1111", "1111"])
def test_staff_find_a_person_by_the_whole_mobile_or_its_shown_end(
    staff_console: Client, person: Employee, text: str
) -> None:
    source = pane(staff_console, f"{reverse('sync:directory')}?q={text}")
    assert "张三丰" in source


@pytest.mark.parametrize("text", ["1390000", "00001111", "9000011"])
def test_staff_cannot_find_the_hidden_digits_by_trying(
    staff_console: Client, console: Client, person: Employee, text: str
) -> None:
    address = f"{reverse('sync:directory')}?q={text}"
    assert "张三丰" not in pane(staff_console, address)
    assert "张三丰" in pane(console, address)


@pytest.mark.parametrize("mobile", ["1", "12345", "1234567", "123456789012345", "a b"])
def test_a_veil_never_lets_a_whole_number_through(mobile: str) -> None:
    veil = Veil(User(role=User.Role.STAFF))
    assert mobile not in veil.value("mobile", mobile)
    assert veil.value("mobile", mobile) == hide_number(mobile)


def test_a_veil_is_up_for_administrators_alone(idp: IdentityProvider) -> None:
    assert not Veil(User(role=User.Role.ADMINISTRATOR)).down
    for stranger in (User(role=User.Role.STAFF), User(), None):
        assert Veil(stranger).down
