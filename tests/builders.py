"""Companies for tests: plain functions with sensible defaults."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from identity.connectors import registry
from identity.connectors.records import Event, EventKind, LogonStage
from identity.models import Application, IdentityProvider, LogonAttempt
from identity.oidc import register
from sync.models import (
    Change,
    Department,
    Employee,
    InboxEvent,
    Membership,
    SyncRun,
)
from sync.sound import spell

FAMILY_NAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN_NAMES = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "洋",
    "艳",
    "子轩",
    "雨桐",
)
TITLES = ("工程师", "产品经理", "销售", "HR", "Accountant", "设计师", "")


def idp(name: str = "Acme", *, draft: bool = False, **values: Any) -> IdentityProvider:
    """A confirmed IdP of the first installed kind, without credentials."""
    values.setdefault("kind", next(iter(registry.kinds())))
    confirmed = None if draft else timezone.now()
    return IdentityProvider.objects.create(name=name, confirmed_at=confirmed, **values)


def department(
    idp: IdentityProvider,
    source_id: str,
    name: str = "",
    parent: Department | None = None,
    **values: Any,
) -> Department:
    """A department below `parent`, a top without one; the parent counts it."""
    if parent:
        parent.children += 1
        parent.save(update_fields=["children"])
    name = name or f"Department {source_id}"
    return Department.objects.create(
        idp=idp,
        source_id=source_id,
        name=name,
        sound=spell(name, person=False),
        parent_source_id=parent.source_id if parent else "",
        path=f"{parent.path if parent else '/'}{source_id}/",
        depth=parent.depth + 1 if parent else 0,
        **values,
    )


def teams(parent: Department, number: int) -> None:
    """So many departments below one, at the end of those that it has."""
    before = parent.children
    Department.objects.bulk_create(
        Department(
            idp=parent.idp,
            source_id=f"8{each:03}",
            parent_source_id=parent.source_id,
            name=f"Team {each:03}",
            order=before + each,
            path=f"{parent.path}8{each:03}/",
            depth=parent.depth + 1,
        )
        for each in range(number)
    )
    parent.children += number
    parent.save(update_fields=["children"])


def employee(
    idp: IdentityProvider,
    userid: str,
    name: str = "",
    departments: Sequence[Department] = (),
    **values: Any,
) -> Employee:
    """An employee in these departments. Stored counts follow with `recount`."""
    name = name or f"Employee {userid}"
    person = Employee.objects.create(
        idp=idp,
        userid=userid,
        unionid=f"union-{userid}",
        name=name,
        sound=spell(name),
        **values,
    )
    for place in departments:
        Membership.objects.create(employee=person, department=place)
    return person


def recount(idp: IdentityProvider) -> None:
    """Store the head-counts of every department, worked out the slow and plain way."""
    pairs = list(
        Membership.objects.filter(
            department__idp=idp, employee__status=Employee.Status.ACTIVE
        ).values_list("employee_id", "department__path")
    )
    departments = list(Department.objects.filter(idp=idp))
    for each in departments:
        each.direct = sum(path == each.path for _, path in pairs)
        each.total = len({who for who, path in pairs if path.startswith(each.path)})
    Department.objects.bulk_update(departments, ["direct", "total"], batch_size=500)


def company(
    idp: IdentityProvider, people: int = 40, departments: int = 8, fanout: int = 5
) -> Department:
    """A whole company with counts, always the same one; returns its root.

    Departments fill up level by level, `fanout` to a parent; every tenth person is in
    two of them, every twelfth leads one.
    """
    root = department(idp, "1", "Acme 集团")
    tree = [root]
    for number in range(1, departments):
        parent = tree[(number - 1) // fanout]
        tree.append(
            department(
                idp,
                str(500 + number),
                f"Department {number} 部",
                parent,
                order=(number - 1) % fanout,
            )
        )
    rows = Employee.objects.bulk_create(
        (_someone(idp, number) for number in range(people)), batch_size=500
    )
    Membership.objects.bulk_create(
        (
            Membership(employee=row, department=place, leader=number % 12 == 0)
            for number, row in enumerate(rows)
            for place in _places(tree, number)
        ),
        batch_size=500,
    )
    recount(idp)
    root.refresh_from_db()
    return root


def _places(tree: list[Department], number: int) -> list[Department]:
    """Where a person is; each department once."""
    first = tree[number % len(tree)]
    second = tree[number // 2 % len(tree)] if number % 10 == 0 else first
    return [first] if first is second else [first, second]


def _someone(idp: IdentityProvider, number: int) -> Employee:
    family = FAMILY_NAMES[number % len(FAMILY_NAMES)]
    given = GIVEN_NAMES[number // len(FAMILY_NAMES) % len(GIVEN_NAMES)]
    name = f"{family}{given}"
    return Employee(
        idp=idp,
        userid=f"user{number:06d}",
        unionid=f"union{number:06d}",
        name=name,
        sound=spell(name),
        mobile=f"139{number:08d}",
        email=f"user{number}@example.test",
        title=TITLES[number % len(TITLES)],
        job_number=f"A{number:05d}",
    )


def run(
    idp: IdentityProvider,
    state: str = SyncRun.State.SUCCESS,
    **values: Any,
) -> SyncRun:
    """A run that is over, unless its state says otherwise."""
    now = timezone.now()
    values.setdefault("trigger", SyncRun.Trigger.PERSON)
    values.setdefault("queued_at", now)
    if state != SyncRun.State.QUEUED:
        values.setdefault("started_at", now)
    if state not in SyncRun.OPEN:
        values.setdefault("finished_at", now)
    return SyncRun.objects.create(idp=idp, state=state, **values)


def change(
    run: SyncRun,
    entity: str,
    kind: str,
    key: str,
    **values: Any,
) -> Change:
    """A change of a run, applied unless said otherwise."""
    return Change.objects.create(run=run, entity=entity, kind=kind, key=key, **values)


def event(
    idp: IdentityProvider,
    kind: str = EventKind.CHANGED,
    userids: Sequence[str] = (),
    *,
    body: str = "",
    **values: Any,
) -> InboxEvent:
    """An event that waits, unless its state says otherwise."""
    number = InboxEvent.objects.count()
    values.setdefault("key", f"event-{number:06}")
    values.setdefault("name", kind)
    if values.get("state") in ("applied", "ignored"):
        values.setdefault("handled_at", timezone.now())
    row = InboxEvent(idp=idp, kind=kind, userids=list(userids), **values)
    if body:
        row.seal(Event(row.key, EventKind(kind), row.name, body=body))
    row.save()
    return row


def application(name: str, preset: str = "web", **values: Any) -> Application:
    """An application as the console makes one."""
    row = register.blank(preset)
    native = preset == Application.Preset.NATIVE
    back = "com.example.app:/back" if native else "https://app.example.test/back"
    values.setdefault("redirect_uris", back)
    register.add(row, {"name": name, **values})
    return row


def attempt(
    idp: IdentityProvider | None,
    outcome: str = "success",
    stage: str = "",
    **values: Any,
) -> LogonAttempt:
    """An attempt to log on: everything before `stage` was passed."""
    stages = list(LogonStage)
    until = stages.index(LogonStage(stage)) if stage else len(stages)
    now = timezone.now().isoformat()
    values.setdefault("trace_id", f"t{LogonAttempt.objects.count():07}")
    values.setdefault("stages", [{"stage": s, "at": now} for s in stages[:until]])
    values.setdefault("way", "page")
    return LogonAttempt.objects.create(idp=idp, outcome=outcome, stage=stage, **values)
