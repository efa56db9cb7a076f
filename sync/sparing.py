"""What administrators left out of approved plans: passes leave it as it is.

A row stands for one change: a department, a person, or a person's place. Of a person who
is left as they are the places are, too. Only that the vendor says for certain that
somebody left counts all the same: who left keeps no access.
"""

from collections.abc import Collection, Iterable, Iterator

from django.db.models import F

from identity.connectors.records import DepartmentRecord, EmployeeRecord
from identity.models import IdentityProvider
from sync import plan
from sync.models import Change, Kept

Row = tuple[str, str]
"""entity and key."""


class Spared:
    """What one pass over an IdP leaves as it is, and what it has met of that."""

    def __init__(self, idp: IdentityProvider) -> None:
        rows = Kept.objects.filter(idp=idp).values_list("entity", "key", "pk")
        self._rows: dict[Row, int] = {(entity, key): pk for entity, key, pk in rows}
        self._refused = _refused(idp) if self._rows else {}
        """userids that were not to change hands, and to whom."""
        self._freed: dict[int, str] = {}
        self.met: set[Row] = set()
        """Those that a plan would have changed."""
        self.absent: set[str] = set()
        """Of the people those whom the read did not find."""
        self.newcomers: set[str] = set()
        """Of the people those who would come in."""

    def allows(self, change: plan.Change) -> bool:
        """Whether a pass may make this change; takes note if not."""
        row = self._row_of(change)
        if row is None or self._has_another_holder(change):
            return True
        self.met.add(row)
        if change.entity is plan.Entity.EMPLOYEE:
            if change.kind is plan.Kind.REMOVE:
                self.absent.add(change.key)
            elif change.kind is plan.Kind.CREATE:
                self.newcomers.add(change.key)
        return False

    def allowed(self, changes: Iterable[plan.Change]) -> Iterator[plan.Change]:
        """Of these changes those that a pass may make."""
        return (change for change in changes if self.allows(change))

    def departments(self, changes: Iterable[plan.Change]) -> set[str]:
        """Ids of departments that these changes must leave as they are: what was left
        out, what stands above it, and what would hang below one that is not made."""
        found = list(changes)
        left = {change.key for change in found if not self.allows(change)}
        return left and _above(found, left) | _below(found, left)

    def open(self, userid: str) -> bool:
        """Whether a person is not left as they are."""
        return (plan.Entity.EMPLOYEE, userid) not in self._rows

    def free(self, userid: str) -> None:
        """The vendor says that this person left: that counts."""
        self._free((str(plan.Entity.EMPLOYEE), userid), userid)

    def _free(self, row: Row, userid: str) -> None:
        if row in self._rows:
            self._freed[self._rows.pop(row)] = userid
            self.met.discard(row)

    def _has_another_holder(self, change: plan.Change) -> bool:
        """Whether somebody else has the userid than who was refused it: the person that
        was left as they are has left, and what was left out is not about the next."""
        after, employee = change.after, plan.Entity.EMPLOYEE
        if change.kind is not plan.Kind.REPLACE or change.entity is not employee:
            return False
        holder = after.unionid if isinstance(after, EmployeeRecord) else ""
        if not holder or self._refused.get(change.key) == holder:
            return False
        for row in [r for r in self._rows if _userid(r) == change.key]:
            self._free(row, change.key)
        return True

    def over(
        self,
        *,
        complete: bool = False,
        people: bool = False,
        unsure: Collection[str] = (),
    ) -> list[int]:
        """Rows that have done their work: of who has left, and after a complete pass
        those that no plan wants to change any more (`people`: it read them, too).
        `unsure` are people of whom that was not confirmed."""
        done = [
            pk
            for (entity, key), pk in self._rows.items()
            if complete
            and (entity, key) not in self.met
            and (people or entity == plan.Entity.DEPARTMENT)
        ]
        return [pk for pk, u in self._freed.items() if u not in unsure] + done

    def _row_of(self, change: plan.Change) -> Row | None:
        rows = [(str(change.entity), change.key)]
        if change.entity is plan.Entity.MEMBERSHIP:
            rows.append((str(plan.Entity.EMPLOYEE), change.key.rpartition("/")[0]))
        return next((row for row in rows if row in self._rows), None)


def _refused(idp: IdentityProvider) -> dict[str, str]:
    """Who was to get which userid by changes that were left out."""
    rows = Change.objects.filter(
        run__kept__idp=idp,
        run__kept__entity=F("entity"),
        run__kept__key=F("key"),
        kind=Change.Kind.REPLACE,
        applied=False,
    )
    found = rows.values_list("key", "after")
    return {key: str((after or {}).get("unionid", "")) for key, after in found}


def _userid(row: Row) -> str:
    """Whom a row is about, "" for a department."""
    entity, key = row
    if entity == plan.Entity.MEMBERSHIP:
        return key.rpartition("/")[0]
    return key if entity == plan.Entity.EMPLOYEE else ""


def _above(changes: Iterable[plan.Change], left: set[str]) -> set[str]:
    """`left`, and what would be removed above it."""
    before = {c.key: c.before for c in changes if c.before is not None}
    removed = {c.key for c in changes if c.kind is plan.Kind.REMOVE}
    found = set(left)
    for key in left:
        above = _parent(before.get(key))
        while above in removed and above not in found:
            found.add(above)
            above = _parent(before.get(above))
    return found


def _below(changes: Iterable[plan.Change], left: set[str]) -> set[str]:
    """What would hang below departments that are not made."""
    unmade = {c.key for c in changes if c.kind is plan.Kind.CREATE and c.key in left}
    found: set[str] = set()
    while True:
        more = {c for c in changes if _parent(c.after) in unmade and c.key not in found}
        if not more:
            return found
        found |= {c.key for c in more}
        unmade |= {c.key for c in more if c.kind is plan.Kind.CREATE}


def _parent(record: plan.Record | None) -> str:
    named = record.parent_id if isinstance(record, DepartmentRecord) else None
    return named or ""
