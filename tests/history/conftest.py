"""A small company with a past of three days."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sync.models import Change, Department, SyncRun
from tests import builders

NOW = timezone.now()


@pytest.fixture
def root(db: None) -> Department:
    """Three days ago a company began; two days ago Li left Sales, Sales was renamed, and
    Wang joined; yesterday a department was closed."""
    idp = builders.idp()
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "20", "Selling", root)
    wang = builders.employee(idp, "wang", "Wang Fang", [sales], mobile="13800001111")
    li = builders.employee(idp, "li", "Li Wei", status="left", mobile="13900002222")
    builders.recount(idp)
    began = builders.run(idp, trigger=SyncRun.Trigger.CONFIRM)
    for entity, key in (
        ("department", "1"),
        ("department", "20"),
        ("department", "30"),
        ("employee", "li"),
    ):
        made(
            began, 72, entity, "create", key, place=key if entity != "employee" else ""
        )
    second = builders.run(idp, trigger=SyncRun.Trigger.EVENT)
    before = {"unionid": "union-li", "name": li.name, "mobile": li.mobile}
    made(second, 48, "employee", "leave", "li", label=li.name, before=before)
    seat = {"order": 1, "leader": False}
    made(second, 48, "membership", "remove", "li/20", place="20", before=seat)
    sides = {"before": {"name": "Sales"}, "after": {"name": "Selling"}}
    made(second, 48, "department", "update", "20", place="20", label="Selling", **sides)
    made(second, 48, "employee", "create", "wang", label=wang.name)
    third = builders.run(idp, trigger=SyncRun.Trigger.SCHEDULE)
    gone = {"name": "Closed office", "parent_id": "1", "order": 3}
    made(
        third,
        24,
        "department",
        "remove",
        "30",
        place="30",
        before=gone,
        label="Closed office",
    )
    return root


def made(
    run: SyncRun, hours: int, entity: str, kind: str, key: str, **values: Any
) -> Change:
    at = NOW - timedelta(hours=hours)
    return builders.change(run, entity, kind, key, at=at, **values)


def ago(hours: int) -> str:
    at: datetime = timezone.localtime(NOW - timedelta(hours=hours))
    return at.strftime("%Y-%m-%dT%H:%M")
