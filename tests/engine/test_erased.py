"""Whoever comes back after the values were erased is the same person; nobody else is."""

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync import erasure
from sync.models import Employee, SyncRun
from sync.undoable import Undoable
from tests.engine.conftest import Sync
from tests.history.test_erasure import LONG_AGO, dump, people


def test_T_12_who_comes_back_is_known_and_another_is_not(
    sync: Sync, simulator: Simulator, idp: IdentityProvider
) -> None:
    firm = simulator.company
    assert sync().state == SyncRun.State.SUCCESS
    person = firm.hire("Canary Li", 501001, unionid="u-li", email="canary@li.test")
    sync()
    firm.let_go(person.userid)
    ended = sync()
    row = Employee.objects.get(userid=person.userid)
    Employee.objects.filter(pk=row.pk).update(left_at=LONG_AGO)
    assert erasure.erase() == 1
    undo = Undoable(idp, frozenset())
    undo.find(ended)
    assert list(undo.changes()) == []
    assert [fault.where for fault in undo.kept] == [person.userid]

    firm.hire("Stranger", 501001, userid=person.userid, unionid="u-other")
    sync()
    row.refresh_from_db()
    assert (row.status, row.name) == ("left", "")
    stranger = Employee.objects.get(userid=person.userid, status="active")
    assert stranger.sub != row.sub

    firm.let_go(person.userid)
    sync()
    firm.hire("Li again", 501001, userid=person.userid, unionid="u-li")
    back = sync()
    again = Employee.objects.get(userid=person.userid, status="active")
    assert (again.pk, again.sub, again.erased_at) == (row.pk, row.sub, None)
    assert (again.name, again.unionid) == ("Li again", "u-li")
    assert back.counts["returned"] == 1
    assert not any(sync().counts.values())

    firm.let_go(person.userid)
    sync()
    Employee.objects.filter(pk=row.pk).update(left_at=LONG_AGO)
    assert erasure.erase() == 1
    labels = people(key=person.userid)
    assert set(labels.values_list("label", flat=True)) == {"", "Stranger"}
    assert "u-li" not in dump()
