"""A company as JSON, so that a demo goes on where it ended."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from identity.connectors.dingtalk.simulator.records import (
    Department,
    Outsider,
    Role,
    person_from,
    plain,
)

if TYPE_CHECKING:
    from identity.connectors.dingtalk.simulator.company import Company

COUNTERS = ("seed", "people", "departments", "orders")


def dump(company: "Company") -> dict[str, Any]:
    """Everything that cannot be computed again."""
    return {
        "counters": {name: getattr(company.identifiers, name) for name in COUNTERS},
        "departments": [plain(item) for item in company.departments.values()],
        "people": [plain(item) for item in company.people.values()],
        "roles": [plain(item) for item in company.roles.values()],
        "outsiders": [plain(item) for item in company.outsiders.values()],
        "shown_under": {str(key): ids for key, ids in company.shown_under.items()},
    }


def restore(company: "Company", stored: dict[str, Any]) -> None:
    """Fill an empty company."""
    for name in COUNTERS:
        setattr(company.identifiers, name, stored["counters"][name])
    for item in stored["departments"]:
        company.place(Department(**item))
    for item in stored["people"]:
        company.admit(person_from(item))
    company.roles = {item["id"]: Role(**item) for item in stored["roles"]}
    company.outsiders = {
        item["unionid"]: Outsider(**item) for item in stored["outsiders"]
    }
    company.shown_under = {int(key): ids for key, ids in stored["shown_under"].items()}


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file at once, so that a crash leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    beside.replace(path)


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
