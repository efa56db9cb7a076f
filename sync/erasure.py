"""The personal values of people who left long ago are erased; row and history stay.

What is kept of a person is the row with its `sub` and userid, so that nothing that was
given out ever comes alive for somebody else, and a mark in the place of the unionid: it
cannot be turned back, but somebody who returns is known by it (design 2.11), and their
history stays theirs. `sync.outworn` sees to what names people by the way.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from identity.models import Enterprise, LogonAttempt
from sync.models import Change, Employee, Kept, SyncRun
from sync.statements import COLUMNS

MARK = "erased:"
PORTION, PORTIONS = 200, 25
"""People who are looked up together, and how often in one go."""
ENDS = (Change.Kind.LEAVE, Change.Kind.REPLACE)
EMPLOYEE = Change.Entity.EMPLOYEE
LEFT = Employee.Status.LEFT


def mark(idp_id: object, unionid: str) -> str:
    """What stands for a unionid that was erased."""
    word = f"{idp_id}/{unionid}".encode("utf-8", "surrogatepass")
    return MARK + hashlib.sha256(word).hexdigest()[:40]


def is_mark(unionid: object) -> bool:
    """Whether it stands for a unionid that was erased."""
    return str(unionid).startswith(MARK)


def erase(stop: Callable[[], bool] = lambda: False) -> int:
    """Erase whoever left long enough ago by the database's clock; how many people."""
    days = timedelta(days=Enterprise.load().erase_after_days)
    due = Employee.objects.filter(
        status=LEFT, erased_at=None, left_at__lt=Now() - days
    ).order_by("pk")
    erased = 0
    for _portion in range(PORTIONS):
        found = list(due.values_list("pk", flat=True)[:PORTION])
        for pk in found:
            if stop():
                return erased
            erased += _erase(due, pk)
        if not found:
            break
    return erased


@transaction.atomic
def _erase(due: QuerySet[Employee], pk: int) -> bool:
    """Erase one person, unless they are back since."""
    one = due.select_for_update(of=("self",)).filter(pk=pk).first()
    if one is None:
        return False
    names = {one.name, *_erase_history(one)} - {""}
    _erase_reports(one, names)
    _erase_logons(one)
    one.unionid = _marked(one, one.unionid)
    for column in COLUMNS:
        setattr(one, column, "")
    one.name, one.sound, one.attributes, one.fingerprint = "", "", {}, ""
    one.save()
    Employee.objects.filter(pk=pk).update(erased_at=Now())
    return True


def _marked(one: Employee, unionid: str) -> str:
    """The mark of a unionid; one that is a mark already, and none at all, stay."""
    return unionid if not unionid or is_mark(unionid) else mark(one.idp_id, unionid)


# --- the history ---


def _erase_history(one: Employee) -> set[str]:
    """Take the values out of somebody's changes; the names that stood there."""
    names = set()
    for change in _theirs(one):
        names.add(change.label)
        before, after = _emptied(one, change.before), _emptied(one, change.after)
        row = Change.objects.filter(pk=change.pk)
        row.update(label="", before=before, after=after)
    return names


def _emptied(one: Employee, side: Any) -> dict[str, str] | None:
    """What is left of a side of a change: who it was, and with which status."""
    if side is None:
        return None
    left = {"status": side["status"]} if "status" in side else {}
    if "unionid" in side:
        left["unionid"] = _marked(one, side["unionid"] or "")
    return left


def _theirs(one: Employee) -> Iterator[Change]:
    """Changes of the times in which this person had the userid: each ends with a change
    that says who it was. What was only planned grows old by itself."""
    rows = Change.objects.filter(
        run__idp=one.idp_id, entity=EMPLOYEE, key=one.userid, applied=True
    )
    times: list[list[Change]] = []
    time: list[Change] = []
    for change in rows.order_by("pk"):
        time.append(change)
        if change.kind in ENDS:
            if _is_of(one, change):
                times.append(time)
            time = []
    if not one.unionid:
        times = _only(one, times)
    for each in times:
        yield from each


def _is_of(one: Employee, end: Change) -> bool:
    unionid = (end.before or {}).get("unionid") or ""
    return _marked(one, unionid) == _marked(one, one.unionid)


def _only(one: Employee, times: list[list[Change]]) -> list[list[Change]]:
    """Of the times of people without a unionid, who never come back, the one that is
    this person's: both are in one order, and of the times the oldest may be gone."""
    same = _holders(one).filter(unionid="", status=LEFT)
    place = same.filter(pk__gte=one.pk).count()
    return times[-place:][:1] if place <= len(times) else []


# --- beside the history ---


@dataclass(frozen=True, slots=True)
class _Time:
    """From when to when a userid meant this person and nobody else; None: no limit."""

    since: datetime | None
    until: datetime | None

    def within(self, field: str) -> Q:
        """Rows of that time, by the field that holds their moment."""
        wanted = Q()
        if self.since:
            wanted &= Q(**{f"{field}__gt": self.since})
        if self.until:
            wanted &= Q(**{f"{field}__lt": self.until})
        return wanted


def _holders(one: Employee) -> QuerySet[Employee]:
    return Employee.objects.filter(idp=one.idp_id, userid=one.userid)


def _time_of(one: Employee) -> _Time:
    before = _holders(one).filter(pk__lt=one.pk).order_by("-left_at")
    after = _holders(one).filter(pk__gt=one.pk).order_by("created_at")
    return _Time(
        before.exclude(left_at=None).values_list("left_at", flat=True).first(),
        after.values_list("created_at", flat=True).first(),
    )


def _erase_reports(one: Employee, names: set[str]) -> None:
    """Take the name out of what undoes said that are over, and of what is kept; in the
    order in which an approval locks them."""
    undoes = SyncRun.objects.filter(idp=one.idp_id, purpose=SyncRun.Purpose.UNDO)
    for run in undoes.exclude(state__in=SyncRun.OPEN).exclude(faults=[]):
        faults = [
            fault | {"where": ""} if fault.get("where") in names else fault
            for fault in run.faults
        ]
        if faults != run.faults:
            SyncRun.objects.filter(pk=run.pk).update(faults=faults)
    kept = Kept.objects.filter(
        _time_of(one).within("at"), idp=one.idp_id, entity=EMPLOYEE, key=one.userid
    )
    kept.exclude(label="").update(label="")


def _erase_logons(one: Employee) -> None:
    """Take the name out of traces of logons; those of another holder stay."""
    time = _time_of(one).within("at")
    mine = time & Q(account=None, idp=one.idp_id, userid=one.userid)
    if one.account_id:
        mine |= Q(account=one.account_id)
    LogonAttempt.objects.filter(mine).update(name="", facts={})
