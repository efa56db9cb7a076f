"""U32: runs keep the sound of names, and write no row for it."""

import pytest

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync.models import Department, Employee, SyncRun
from tests.engine.conftest import Sync
from tests.engine.oracle import assert_equal

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_sound_follows_the_name_of_people_and_departments(
    sync: Sync, idp: IdentityProvider, simulator: Simulator
) -> None:
    company = simulator.company
    userid, other, *_ = sorted(company.people)
    place = company.real_departments()[1].id
    assert sync().state == SyncRun.State.SUCCESS
    assert Employee.objects.exclude(sound="").count() > 10

    company.rename(userid, "曾三")
    company.rename(other, "Ken")
    company.rename_department(place, "银行部")
    assert sync().state == SyncRun.State.SUCCESS

    assert Employee.objects.get(userid=userid).sound.startswith("^ zengsan")
    assert Employee.objects.get(userid=other).sound == ""
    assert "^ yhb" in Department.objects.get(source_id=str(place)).sound
    assert_equal(idp, company)


def test_a_row_that_lost_its_sound_is_no_change(sync: Sync) -> None:
    """It is no part of what is compared: a second run writes nothing."""
    sync()
    Employee.objects.update(sound="")
    assert not any(sync().counts.values())
    assert not Employee.objects.exclude(sound="").exists()
