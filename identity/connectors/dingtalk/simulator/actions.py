"""What the buttons of the control page do. Each gives the sentence to show after it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from identity.connectors.dingtalk.simulator.events import CLASSIC, CURRENT
from identity.connectors.dingtalk.simulator.pusher import Subscription
from identity.connectors.dingtalk.simulator.records import ROOT
from identity.connectors.dingtalk.simulator.register import Impossible

if TYPE_CHECKING:
    from identity.connectors.dingtalk.simulator.api import Simulator

Form = Mapping[str, str]
Action = Callable[["Simulator", Form], str]


def hire(app: "Simulator", form: Form) -> str:
    """A new person."""
    fields = {key: form[key] for key in ("mobile", "email", "title") if form.get(key)}
    departments = _numbers(form.get("departments", ""))
    person = app.company.hire(_text(form, "name"), *departments, **fields)
    return f"{person.name} was hired with the userid {person.userid}."


def rename(app: "Simulator", form: Form) -> str:
    """Another name for a person."""
    person = app.company.rename(form["userid"], _text(form, "name"))
    return f"{person.userid} is called {person.name} now."


def move(app: "Simulator", form: Form) -> str:
    """Other departments for a person."""
    departments = _numbers(form.get("departments", ""))
    person = app.company.move(form["userid"], *departments)
    return f"{person.name} is in {_listed(person.departments)} now."


def let_go(app: "Simulator", form: Form) -> str:
    """A person leaves."""
    return f"{app.company.let_go(form['userid']).name} has left."


def in_app_code(app: "Simulator", form: Form) -> str:
    """A code as DingTalk's client would give it to a page inside it."""
    code = app.in_app_code(form["userid"])
    return f"In-app code, good once within 5 minutes: {code}"


def add_department(app: "Simulator", form: Form) -> str:
    """A new department."""
    parent = int(form.get("parent") or ROOT)
    made = app.company.add_department(_text(form, "name"), parent)
    return f"{made.name} was added with the id {made.id}."


def rename_department(app: "Simulator", form: Form) -> str:
    """Another name for a department."""
    number = int(form["department"])
    found = app.company.rename_department(number, _text(form, "name"))
    return f"{found.id} is called {found.name} now."


def move_department(app: "Simulator", form: Form) -> str:
    """Another parent for a department."""
    parent = int(form["parent"])
    moved = app.company.move_department(int(form["department"]), parent)
    return f"{moved.name} is below {parent} now."


def remove_department(app: "Simulator", form: Form) -> str:
    """A department without members goes, with all below it."""
    gone = app.company.remove_department(int(form["department"]))
    return f"{_listed(gone)} removed."


def grant(app: "Simulator", form: Form) -> str:
    """A permission is there."""
    app.permissions.add(form["scope"])
    return f"{form['scope']} is granted."


def withdraw(app: "Simulator", form: Form) -> str:
    """A permission is not there."""
    app.permissions.discard(form["scope"])
    return f"{form['scope']} is withdrawn."


def narrow(app: "Simulator", form: Form) -> str:
    """The range; nothing means All Employees."""
    departments, users = _numbers(form["departments"]), form["users"].split()
    for number in departments:
        app.company.department(number)
    for userid in users:
        app.company.person(userid)
    app.narrow(departments if departments or users else [ROOT], users)
    return "The range is All Employees." if app.covers_all else "The range is narrow."


def allow(app: "Simulator", form: Form) -> str:
    """The addresses that may call; nothing means any."""
    addresses = set(form["addresses"].replace(",", " ").split())
    app.allowed_addresses = addresses or None
    return f"Calls are taken from {_listed(addresses) or 'any address'}."


def pace(app: "Simulator", form: Form) -> str:
    """Rate limit, latency and the life of tokens."""
    app.rate, app.latency = int(form["rate"]), float(form["latency"])
    app.token_lifetime = float(form["token_lifetime"])
    return f"{app.rate} calls a second per API, {app.latency} s each."


def stop_app(app: "Simulator", form: Form) -> str:
    """Stop the app in the console, or start it again."""
    app.stopped = not app.stopped
    return "The app is stopped." if app.stopped else "The app runs."


def revoke_tokens(app: "Simulator", form: Form) -> str:
    """End the app token."""
    app.revoke_tokens()
    return "The app token has ended."


def add_fault(app: "Simulator", form: Form) -> str:
    """A fault, from the next call on."""
    rule = app.faults.add(
        form["fault"],
        form["path"],
        nth=int(form["nth"]) if form.get("nth") else None,
        times=int(form["times"]) if form.get("times") else None,
        probability=float(form.get("percent") or 100) / 100,
    )
    return f"{rule.name} strikes {rule.path}."


def clear_faults(app: "Simulator", form: Form) -> str:
    """No fault any more."""
    app.faults.clear()
    return "No fault strikes any more."


def subscribe(app: "Simulator", form: Form) -> str:
    """Save the event subscription, which pushes check_url first."""
    subscription = Subscription(
        _text(form, "url"),
        _text(form, "token"),
        _text(form, "aes_key"),
        CLASSIC if form.get("spelling") == CLASSIC else CURRENT,
    )
    outcome = app.subscribe(subscription)
    if not outcome.fine:
        raise Impossible(f"check_url failed, nothing is pushed: {outcome.reason}")
    return "check_url was answered rightly; changes are pushed from now on."


def unsubscribe(app: "Simulator", form: Form) -> str:
    """Push no longer."""
    app.unsubscribe()
    return "Nothing is pushed any more."


def disconnect(app: "Simulator", form: Form) -> str:
    """Tell the connections of stream mode that they end, as DingTalk does now and then."""
    app.stream.disconnect()
    return "The connections are told; each opens another."


ACTIONS: dict[str, Action] = {
    action.__name__: action
    for action in (
        hire, rename, move, let_go, in_app_code, add_department, rename_department,
        move_department, remove_department, grant, withdraw, narrow, allow, pace,
        stop_app, revoke_tokens, add_fault, clear_faults, subscribe, unsubscribe,
        disconnect,
    )
}  # fmt: skip


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.replace(",", " ").split()]


def _text(form: Form, name: str) -> str:
    if value := form.get(name, "").strip():
        return value
    raise Impossible(f"{name} is missing")


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)
