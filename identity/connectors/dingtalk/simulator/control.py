"""The control page: see the company in numbers, change it, and add faults by hand."""

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from identity.connectors.dingtalk.simulator.actions import ACTIONS
from identity.connectors.dingtalk.simulator.company import Company
from identity.connectors.dingtalk.simulator.credentials import PushKeys
from identity.connectors.dingtalk.simulator.effects import NAMED
from identity.connectors.dingtalk.simulator.pages import (
    not_found,
    redirect,
    show,
    style_sheet,
)
from identity.connectors.dingtalk.simulator.records import Department
from identity.connectors.dingtalk.simulator.register import Impossible
from identity.connectors.dingtalk.simulator.state import SEVEN
from identity.connectors.dingtalk.simulator.wire import CONTROL, Call, Reply

if TYPE_CHECKING:
    from identity.connectors.dingtalk.simulator.api import Simulator

SHOWN = 12


def answer(app: "Simulator", call: Call, paths: list[str]) -> Reply:
    """Any request below /control; `paths` are the APIs that a fault may strike."""
    if call.path == "/style.css":
        return style_sheet()
    if call.path == "/in-app-code":
        return _in_app_code(app, call)
    if call.path != "/":
        return not_found()
    if call.method != "POST":
        with app.company.lock:
            shown = _shown(app, call.query, paths)
            return show("control.html", CONTROL, robot=_robot(app, call), **shown)
    if not _from_here(call):
        return show(
            "refused.html",
            CONTROL,
            403,
            company=app.company,
            reason="Another site sent this form.",
        )
    return _do(app, call.form)


def _in_app_code(app: "Simulator", call: Call) -> Reply:
    """What DingTalk's client gives to a page inside it, for a program that acts as one:
    POST the userid of whoever is logged on there."""
    if call.method != "POST" or not _from_here(call):
        return Reply(403, content={"error": "POST the userid, from no other site"})
    try:
        code = app.in_app_code(str(call.values.get("userid", "")))
    except Impossible as fault:
        return Reply(404, content={"error": str(fault)})
    return Reply(content={"code": code, "corpId": app.corp_id})


def _do(app: "Simulator", form: dict[str, str]) -> Reply:
    action = ACTIONS.get(form.get("action", ""))
    said = {"q": form["q"]} if form.get("q") else {}
    try:
        said["said"] = action(app, form) if action else "There is no such button."
    except KeyError as fault:
        said |= {"said": f"{fault} is missing", "wrong": "1"}
    except ValueError as fault:
        said |= {"said": str(fault), "wrong": "1"}
    return redirect(f"/control?{urlencode(said)}", 303)


def _from_here(call: Call) -> bool:
    origin = call.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == call.headers.get("host")


def _shown(app: "Simulator", query: dict[str, str], paths: list[str]) -> dict[str, Any]:
    q = query.get("q", "").strip()
    company = app.company
    return {
        "app": app,
        "company": company,
        "q": q,
        "said": query.get("said", ""),
        "wrong": "wrong" in query,
        "numbers": _numbers(app),
        "people": [
            {"person": person, "departments": " ".join(map(str, person.departments))}
            for person in company.search(q, SHOWN)
        ],
        "departments": [
            {
                "department": department,
                "path": " / ".join(
                    company.departments[number].name
                    for number in reversed(company.path(department.id)[1:])
                ),
                "members": len(company.members(department.id)),
            }
            for department in _departments(company, q)
        ],
        "permissions": [
            {"scope": scope, "label": label, "granted": scope in app.permissions}
            for scope, label in SEVEN.items()
        ],
        "keys": app.pusher.subscription if app.pusher else PushKeys.of_app(app.app_key),
        "range": "" if app.covers_all else _joined(app.authed_departments),
        "range_users": _joined(app.authed_users),
        "addresses": _joined(app.allowed_addresses or ()),
        "faults": list(NAMED),
        "paths": paths,
        "messages": app.robot.messages[: -SHOWN - 1 : -1],
        "calls": app.calls.most_common(SHOWN),
        "pushes": list(reversed(app.pusher.log[-SHOWN:])) if app.pusher else [],
    }


def _robot(app: "Simulator", call: Call) -> str:
    """The address of the robot's webhook, as this host is called."""
    host = call.headers.get("host", "")
    return f"http://{host}/oapi/robot/send?access_token={app.robot.token}"


def _numbers(app: "Simulator") -> dict[str, int]:
    company = app.company
    return {
        "people": len(company.people),
        "not activated": sum(1 for p in company.people.values() if not p.active),
        "departments below the root": len(company.real_departments()) - 1,
        "API calls": app.calls.total(),
        "refused for rate": app.refused.total(),
        "failed pushes": len(app.failed.items),
    }


def _departments(company: Company, text: str) -> list[Department]:
    wanted = text.lower()
    found = (
        item
        for item in company.departments.values()
        if wanted in item.name.lower() or wanted == str(item.id)
    )
    return list(islice(found, SHOWN))


def _joined(values: Any) -> str:
    return " ".join(sorted(map(str, values)))
