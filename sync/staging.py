"""A read is staged in temporary tables, compared with the rows, and merged.

The same SQL (`sync.statements`) serves PostgreSQL and SQLite except loading (COPY or executemany), making
a UUID, and the order of keys. Temporary tables take no lock that events or logons would
wait for; the comparison drops unchanged rows by their fingerprint before Python sees
them. Everything above speaks records, changes and plans.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from identity.connectors.records import EmployeeRecord, MembershipRecord
from identity.mapping import ATTRIBUTE
from sync import sound, statements
from sync.loading import load
from sync.statements import COLUMNS

PAGE = 2000
"""Rows fetched at a time."""


class NotNew(Exception):
    """Another run added some of the people who were new when they were compared."""


def _dialect() -> Mapping[str, str]:
    """The few words that differ between the two databases."""
    if connection.vendor == "postgresql":
        return {
            "key": 'varchar(64) COLLATE "C"',
            "active": "e.status = 'active'",
            "json": "CAST(%s AS jsonb)",
            "attributes": "CAST(s.attributes AS jsonb)",
            "uuid": "gen_random_uuid()",
        }
    return {
        "key": "varchar(64)",
        # The sign keeps SQLite from taking the index of all active people for a join.
        "active": "+e.status = 'active'",
        "json": "%s",
        "attributes": "s.attributes",
        "uuid": "lower(hex(randomblob(16)))",
    }


class Stage:
    """What one read brought, beside the rows of one IdP. Use as a context."""

    def __init__(self, idp_id: object) -> None:
        # SQLite keeps UUIDs as 32 hex digits, PostgreSQL takes either spelling.
        self.idp_key = str(idp_id).replace("-", "")
        self._compared: Mapping[str, Any] = {}
        self._words = _dialect()

    def __enter__(self) -> Self:
        self._drop()
        for statement in statements.CREATE:
            self._run(statement)
        return self

    def __exit__(self, *error: object) -> None:
        if connection.connection is not None and not connection.needs_rollback:
            self._drop()

    # --- filling ---

    def add_employees(self, records: Iterable[tuple[EmployeeRecord, str]]) -> None:
        """Stage mapped records with their fingerprints."""
        load(
            "stage_employee_raw",
            statements.STAGED,
            (_row_of(*pair) for pair in records),
        )

    def add_memberships(self, records: Iterable[MembershipRecord]) -> None:
        """Stage memberships as the pages showed them."""
        rows = (
            (
                record.userid,
                record.department_id,
                record.order,
                None if record.leader is None else int(record.leader),
                record.read,
            )
            for record in records
        )
        load("stage_membership_raw", statements.MEMBER, rows)

    def cover(self, departments: Mapping[str, int]) -> None:
        """Name the departments that count, each with the number of its first read."""
        self._run("DELETE FROM stage_department")
        load("stage_department", ("department", "first"), departments.items())

    def single(self, userids: Iterable[str]) -> None:
        """Name people who were asked for by name: their places are those they have."""
        load("stage_single", ("userid",), ((userid,) for userid in userids))

    def forget(self, userids: Iterable[str]) -> None:
        """Take people out of what was read: they are not ours to keep."""
        self._run_many(statements.FORGET, [(userid,) for userid in userids])

    def leave_out(self, userids: Iterable[str]) -> None:
        """Forget new people, and compare again."""
        self.forget(userids)
        self.settle_people()
        self.compare_employees_again()

    def keep(self, userids: Iterable[str]) -> None:
        """Name people whose absence does not count: they could not be asked for."""
        load("stage_kept", ("userid",), ((userid,) for userid in userids))

    # --- comparing ---

    def settle_people(self) -> None:
        """Reduce what was staged to one record a person."""
        self._drop("stage_employee")
        self._run(statements.SETTLE_EMPLOYEES)
        self._run("CREATE UNIQUE INDEX stage_employee_key ON stage_employee (userid)")
        self._run("ANALYZE stage_employee")

    def settle_memberships(self) -> None:
        """Reduce what was staged to one row a membership, in covered departments."""
        self._drop("stage_membership")
        self._run(statements.SETTLE_MEMBERSHIPS)
        self._run(
            "CREATE UNIQUE INDEX stage_membership_key"
            " ON stage_membership (userid, department)"
        )
        self._run("ANALYZE stage_membership")

    def compare_employees(self, first: int, *, removals: bool) -> None:
        """Find who differs. `first` is the number of the run's first read."""
        values = {"idp": self.idp_key, "first": first, "removals": int(removals)}
        self._compared = values
        self.compare_employees_again()

    def compare_employees_again(self) -> None:
        """The same with the rows as they are now."""
        self._drop("stage_diff")
        self._run(statements.COMPARE_EMPLOYEES, self._compared)
        self._run("CREATE UNIQUE INDEX stage_diff_key ON stage_diff (userid)")

    def compare_memberships(self, *, removals: bool) -> None:
        """Find which memberships of active people differ, as the rows are now."""
        self._drop("stage_member_diff")
        self._run(
            statements.COMPARE_MEMBERSHIPS,
            {"idp": self.idp_key, "removals": int(removals)},
        )

    def employees_after(self, *, new: bool) -> Iterator[EmployeeRecord]:
        """What was read of people who differ, by userid; `new` includes new ones."""
        yield from _paged(statements.AFTER_PAGE, {"new": int(new)})

    def employees_before(self) -> Iterator[EmployeeRecord]:
        """The rows of people who differ or are absent, by userid."""
        yield from _paged(statements.BEFORE_PAGE, {})

    def memberships_after(self) -> list[MembershipRecord]:
        """Staged memberships that differ, by userid and department."""
        return [_membership_of(row) for row in self._run(statements.MEMBERS_AFTER)]

    def memberships_before(self) -> list[MembershipRecord]:
        """Rows of memberships that differ or are absent, by userid and department."""
        return [_membership_of(row) for row in self._run(statements.MEMBERS_BEFORE)]

    def staged(self, userids: Iterable[str]) -> set[str]:
        """Which of these people this read brought."""
        marks = list(userids)
        if not marks:
            return set()
        places = ", ".join(["%s"] * len(marks))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT userid FROM stage_employee WHERE userid IN ({places})",  # noqa: S608
                marks,
            )
            return {row[0] for row in cursor.fetchall()}

    def reads(self, userids: Iterable[str]) -> dict[str, int]:
        """Of these people those that were read, with the number of the read."""
        wanted = set(userids)
        if not wanted:
            return {}
        rows = self._run(statements.FOUND, {"idp": self.idp_key})
        return {userid: read for userid, read in rows if userid in wanted}

    # --- merging ---

    def spell_new(self, size: int) -> None:
        """Work out how the names of new people sound, `size` at a time."""
        after = ""
        while rows := self._run(statements.NEW_NAMES, {"after": after, "page": size}):
            sounds = ((userid, sound.spell(name)) for userid, name in rows)
            load("stage_sound", ("userid", "sound"), [s for s in sounds if s[1]])
            after = rows[-1][0]

    def next_new(self, after: str, size: int) -> tuple[str, int]:
        """The last userid of the next `size` new people, and how many they are."""
        upto, count = self._run(statements.NEXT_NEW, {"after": after, "page": size})[0]
        return upto or "", count

    def insert_new(self, run_id: int, after: str, upto: str, count: int) -> int:
        """Add the `count` new people in a range of userids, with history and
        memberships; how many memberships. Raises NotNew, and must be taken back."""
        values = {
            "idp": self.idp_key,
            "run": run_id,
            "after": after,
            "upto": upto,
            "now": connection.ops.adapt_datetimefield_value(timezone.now()),
        }
        if self._count(statements.INSERT_NEW, values) != count:
            raise NotNew
        self._run(statements.RECORD_NEW, values)
        return self._count(statements.INSERT_NEW_MEMBERSHIPS, values)

    def record_places(self, run_id: int, after: str, upto: str) -> None:
        """Write into the history where the new people of a range came in. Of a first
        synchronization nobody needs it, and it would double the history."""
        values = {"idp": self.idp_key, "run": run_id, "after": after, "upto": upto}
        self._run(statements.RECORD_NEW_MEMBERSHIPS, values)

    def update_employees(self, records: Iterable[tuple[EmployeeRecord, str]]) -> None:
        """Write records over their active rows, unless a later read refreshed those."""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        rows = (
            (
                record.unionid,
                fingerprint,
                record.read,
                now,
                sound.spell(record.values.get("name", "")),
                _attributes_text(record),
                *(record.values.get(column, "") for column in COLUMNS),
                self.idp_key,
                record.userid,
                record.read,
            )
            for record, fingerprint in records
        )
        self._run_many(statements.UPDATE_EMPLOYEE, rows)

    def touch(self) -> None:
        """Give everybody who was read, and their places, the numbers of the reads."""
        self._run(statements.TOUCH_EMPLOYEES, {"idp": self.idp_key})
        self._run(statements.TOUCH_MEMBERSHIPS, {"idp": self.idp_key})

    def update_memberships(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write (order, leader, read, employee id, department id, read) rows."""
        self._run_many(statements.UPDATE_MEMBERSHIP, rows)

    def update_shapes(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write (department, path, depth, children, direct, total) rows."""
        self._drop("stage_shape")
        self._run(statements.CREATE_SHAPES)
        load("stage_shape", statements.SHAPE_COLUMNS, rows)
        self._run(statements.UPDATE_SHAPES, {"idp": self.idp_key})

    # --- running ---

    def _run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(statement.format(**self._words), list(rows))

    def _run(
        self, statement: str, values: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**self._words), values)
            return cursor.fetchall() if cursor.description else []

    def _count(self, statement: str, values: Mapping[str, Any]) -> int:
        """Run a statement; how many rows it wrote."""
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**self._words), values)
            return int(cursor.rowcount)

    def _drop(self, *tables: str) -> None:
        for table in tables or statements.TABLES:
            self._run(f"DROP TABLE IF EXISTS {table}")


def _paged(statement: str, values: Mapping[str, Any]) -> Iterator[EmployeeRecord]:
    """Rows of a keyset-paged statement as records, in flat memory."""
    after = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, {**values, "after": after, "page": PAGE})
            rows = cursor.fetchall()
        for row in rows:
            yield _record_of(row)
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


def _row_of(record: EmployeeRecord, fingerprint: str) -> tuple[Any, ...]:
    values = record.values
    return (
        record.userid,
        record.unionid,
        record.read,
        ",".join(sorted(record.known)),
        fingerprint,
        *(values.get(column, "") for column in COLUMNS),
        _attributes_text(record),
    )


def _attributes_text(record: EmployeeRecord) -> str:
    attributes = attributes_of(record.values)
    return json.dumps(attributes, ensure_ascii=False, sort_keys=True)


def attributes_of(values: Mapping[str, str]) -> dict[str, str]:
    """The custom attributes among a record's values, without their prefix."""
    return {
        target.removeprefix(ATTRIBUTE): value
        for target, value in values.items()
        if target.startswith(ATTRIBUTE)
    }


def _record_of(row: Sequence[Any]) -> EmployeeRecord:
    """A staged row or a directory row as a record; both have the same columns."""
    userid, unionid, read, known, _fingerprint, *columns, attributes = row
    values = {
        name: value for name, value in zip(COLUMNS, columns, strict=True) if value
    }
    loaded = json.loads(attributes) if isinstance(attributes, str) else attributes
    values |= {f"{ATTRIBUTE}{name}": value for name, value in (loaded or {}).items()}
    return EmployeeRecord(
        userid=userid,
        unionid=unionid,
        values=values,
        known=frozenset(known.split(",")),
        read=read,
    )


def _membership_of(row: Sequence[Any]) -> MembershipRecord:
    userid, department, place, leader, read = row
    return MembershipRecord(
        userid, department, place, None if leader is None else bool(leader), read
    )
