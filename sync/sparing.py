"""What administrators left out of approved plans: passes leave it as it is.

A row stands for one change: a department, a person, or a person's place. Of a person who
is left as they are the places are, too. Only that the vendor says for certain that
somebody left counts all the same: who left keeps no access.
"""

from collections.abc import Iterable, Iterator

from identity.connectors.records import DepartmentRecord
from identity.models import IdentityProvider
from sync import plan
from sync.models import Kept

Row = tuple[str, str]
"""entity and key."""


class Spared:
    """What one pass over an IdP leaves as it is, and what it has met of that."""

    def __init__(self, idp: IdentityProvider) -> None:
        rows = Kept.objects.filter(idp=idp).values_list("entity", "key", "pk")
        self._rows: dict[Row, int] = {(entity, key): pk for entity, key, pk in rows}
        self._freed: list[int] = []
        self.met: set[Row] = set()
        """Those that a plan would have changed."""
        self.absent: set[str] = set()
        """Of the people those whom the read did not find."""
        self.newcomers: set[str] = set()
        """Of the people those who would come in."""

    def allows(self, change: plan.Change) -> bool:
        """Whether a pass may make this change; takes note if not."""
        row = self._row_of(change)
        if row is None:
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
        row = (str(plan.Entity.EMPLOYEE), userid)
        if row in self._rows:
            self._freed.append(self._rows.pop(row))
            self.met.discard(row)

    def over(self, *, complete: bool = False, people: bool = False) -> list[int]:
        """Rows that have done their work: of who has left, and after a complete pass
        those that no plan wants to change any more (`people`: it read them, too)."""
        done = [
            pk
            for (entity, key), pk in self._rows.items()
            if complete
            and (entity, key) not in self.met
            and (people or entity == plan.Entity.DEPARTMENT)
        ]
        return self._freed + done

    def _row_of(self, change: plan.Change) -> Row | None:
        rows = [(str(change.entity), change.key)]
        if change.entity is plan.Entity.MEMBERSHIP:
            rows.append((str(plan.Entity.EMPLOYEE), change.key.rpartition("/")[0]))
        return next((row for row in rows if row in self._rows), None)


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
