"""Every address of the console, and a company in which none of its pages is empty."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from identity.connection import run_checks
from identity.connectors.records import EventKind
from identity.models import Application, IdentityProvider, LogonAttempt
from sync import webhooks
from sync.models import (
    AccessCut,
    Change,
    Department,
    Employee,
    InboxEvent,
    Kept,
    SyncRun,
    WebhookEndpoint,
    WebhookMessage,
)
from tests import builders


@dataclass(frozen=True, slots=True)
class World:
    """What the addresses of the pages name."""

    idp: IdentityProvider
    closed: IdentityProvider
    draft: IdentityProvider
    root: Department
    person: Employee
    left: Employee
    runs: tuple[SyncRun, ...]
    events: tuple[InboxEvent, ...]
    applications: tuple[Application, ...]
    attempts: tuple[LogonAttempt, ...]
    webhook: WebhookEndpoint


def furnished(idp: IdentityProvider, draft: IdentityProvider) -> World:
    """A company around an IdP with credentials; `draft` has none."""
    root = builders.company(idp)
    for _check in run_checks(idp):
        pass
    person = Employee.objects.earliest("pk")
    left = builders.employee(idp, "left", "Left Long Ago", status="left")
    runs = [builders.run(idp, state) for state in SyncRun.State if state != "queued"]
    for run in runs:
        builders.change(
            run,
            "employee",
            "update",
            person.userid,
            after={"title": "CEO"},
            applied=run.state != SyncRun.State.HELD,
        )
    held = next(run for run in runs if run.state == SyncRun.State.HELD)
    waiting(held, person)
    closed = builders.idp("Closed", status="closed")
    return World(
        idp,
        closed,
        draft,
        root,
        person,
        left,
        tuple(runs),
        events(idp, runs[0], person),
        (builders.application("Gateway"), builders.application("Phone", "native")),
        attempts(idp, person),
        webhook(idp),
    )


def waiting(run: SyncRun, person: Employee) -> None:
    """A plan that waits: what was said of each, a row that is left out, and one kept."""
    run.held_because = [{"reason": "people", "count": 11, "limit": 5}]
    run.left_out = [["employee", "gone-moved"]]
    run.save()
    for verdict in (*Change.Verdict, ""):
        key = f"gone-{verdict}"
        builders.change(
            run, "employee", "remove", key, label=key, verdict=verdict, applied=False
        )
    Kept.objects.create(
        idp=run.idp, entity="employee", key=person.userid, label=person.name, run=run
    )


def webhook(idp: IdentityProvider) -> WebhookEndpoint:
    """One with a message that was taken, and one that was not."""
    endpoint, _secret = webhooks.add(
        "Policies", "https://127.0.0.1/hook", [], from_now=True, by=None
    )
    for state in WebhookMessage.State:
        error = "" if state == "sent" else "status:500"
        endpoint.messages.create(
            idp=idp, after=0, through=1, count=1, state=state, error=error, attempts=1
        )
    return endpoint


def attempts(idp: IdentityProvider, person: Employee) -> tuple[LogonAttempt, ...]:
    """A logon that worked, and one that did not."""
    return (
        builders.attempt(idp, name=person.name, userid=person.userid),
        builders.attempt(idp, "stranger", "company", facts={"code": "60121"}),
    )


def events(
    idp: IdentityProvider, run: SyncRun, person: Employee
) -> tuple[InboxEvent, ...]:
    """An event in each state, about a person, with what came."""
    body = json.dumps({"EventType": "user_modify_org", "userId": [person.userid]})
    AccessCut.objects.create(employee=person)
    return tuple(
        builders.event(
            idp,
            EventKind.LEFT if state == "held" else EventKind.CHANGED,
            [person.userid],
            body=body,
            state=state,
            run=run,
            attempts=2,
            copies=3,
            error_cause="It did not answer.",
        )
        for state in InboxEvent.State
    )


Addresses = Callable[[World], list[str]]


def _fixed(name: str) -> Addresses:
    return lambda world: [reverse(name)]


def _of_idp(name: str, *which: str) -> Addresses:
    return lambda world: [
        reverse(name, args=[getattr(world, one).pk]) for one in which or ("idp",)
    ]


def _of_application(name: str) -> Addresses:
    return lambda world: [reverse(name, args=[world.applications[0].pk])]


def _of_webhook(name: str) -> Addresses:
    return lambda world: [reverse(name, args=[world.webhook.pk])]


def _directory(world: World) -> list[str]:
    base = f"{reverse('sync:directory')}?idp={world.idp.pk}"
    department = f"{base}&dept={world.root.pk}"
    return [
        base,
        department,
        f"{department}&tab=departments",
        f"{department}&tab=history",
        f"{base}&status=any",
        f"{base}&q=139",
        f"{base}&user={world.person.pk}",
        f"{base}&q=nobody-is-called-so",
        f"{reverse('sync:directory')}?idp={world.closed.pk}",
        f"{base}&at={world.runs[0].queued_at.isoformat()}".replace("+", "%2B"),
        f"{base}&at=2001-01-01T00:00",
    ]


def _events(world: World) -> list[str]:
    base = reverse("sync:events")
    return [base, f"{base}?idp={world.closed.pk}"]


PAGES: Mapping[str, Addresses] = {
    "console:dashboard": _fixed("console:dashboard"),
    "console:idps": _fixed("console:idps"),
    "console:overview": _of_idp("console:overview", "idp", "closed"),
    "console:logons": lambda world: [
        reverse("console:logons"),
        f"{reverse('console:logons')}?q=nobody",
    ],
    "console:logon": lambda world: [
        reverse("console:logon", args=[one.trace_id]) for one in world.attempts
    ],
    "console:troubleshoot": _of_idp("console:troubleshoot", "idp", "closed", "draft"),
    "console:settings": _fixed("console:settings"),
    "console:identifier": _fixed("console:identifier"),
    "identity:security": _fixed("identity:security"),
    "identity:password": _fixed("identity:password"),
    "identity:second-factor": _fixed("identity:second-factor"),
    "identity:second-factors": _fixed("identity:second-factors"),
    "console:delete": _of_idp("console:delete", "idp", "closed"),
    "identity:client": _fixed("identity:client"),
    "identity:create": _fixed("identity:create"),
    "identity:setup-basic": _of_idp("identity:setup-basic", "draft"),
    "identity:setup-test": _of_idp("identity:setup-test"),
    "identity:setup-sync": _of_idp("identity:setup-sync"),
    "identity:setup-events": _of_idp("identity:setup-events", "idp", "draft"),
    "identity:discard": _of_idp("identity:discard", "draft"),
    "identity:edit": _of_idp("identity:edit", "idp", "closed"),
    "identity:file": _of_idp("identity:file", "idp", "draft"),
    "oauth2_provider:rp-initiated-logout": _fixed(
        "oauth2_provider:rp-initiated-logout"
    ),
    "identity:applications": _fixed("identity:applications"),
    "identity:application": lambda world: [
        reverse("identity:application", args=[one.pk]) for one in world.applications
    ],
    "identity:application-new": _fixed("identity:application-new"),
    "identity:application-create": lambda world: [
        reverse("identity:application-create", args=[preset])
        for preset in Application.Preset
    ],
    "identity:application-edit": _of_application("identity:application-edit"),
    "identity:application-secret": _of_application("identity:application-secret"),
    "identity:application-delete": _of_application("identity:application-delete"),
    "identity:signing-keys": _fixed("identity:signing-keys"),
    "sync:alerts": _fixed("sync:alerts"),
    "sync:alert-robot": lambda world: [
        reverse("sync:alert-robot", args=[world.idp.kind])
    ],
    "sync:webhooks": _fixed("sync:webhooks"),
    "sync:webhook-new": _fixed("sync:webhook-new"),
    "sync:webhook": _of_webhook("sync:webhook"),
    "sync:webhook-edit": _of_webhook("sync:webhook-edit"),
    "sync:webhook-rotate": _of_webhook("sync:webhook-rotate"),
    "sync:directory": _directory,
    "sync:employee": lambda world: [
        reverse("sync:employee", args=[one.pk]) for one in (world.person, world.left)
    ],
    "sync:access": lambda world: [
        reverse("sync:access", args=[one.pk]) for one in (world.person, world.left)
    ],
    "sync:events": _events,
    "sync:event": lambda world: [
        reverse("sync:event", args=[one.pk])
        for one in world.events
        if one.state in ("held", "applied", "dead")
    ],
    "sync:guard": _of_idp("sync:guard"),
    "sync:home": _fixed("sync:home"),
    "sync:kept": _of_idp("sync:kept", "idp", "closed"),
    "sync:compare": lambda world: [
        reverse("sync:compare"),
        f"{reverse('sync:compare')}?idp={world.idp.pk}&from=2001-01-01",
    ],
    "sync:changes": lambda world: [
        reverse("sync:changes"),
        f"{reverse('sync:changes')}?what=employee.leave&q=nobody",
    ],
    "sync:runs": lambda world: [
        reverse("sync:runs"),
        f"{reverse('sync:runs')}?events=1",
    ],
    "sync:run": lambda world: [reverse("sync:run", args=[r.pk]) for r in world.runs],
}
"""Where each page is, in the states in which it looks different."""

NO_PAGES = {
    "login": "nobody is logged on there: tests/console/test_looks.py",
    "login-code": "nobody is logged on there: tests/console/test_security_browser.py",
    "identity:second-factor-off": "needs a second factor: the same",
    "identity:codes-new": "takes a POST",
    "identity:codes-kept": "takes a POST",
    "identity:session-end": "takes a POST",
    "identity:second-factor-reset": "takes a POST",
    "logout": "takes a POST",
    "set_language": "takes a POST",
    "console:theme": "takes a POST",
    "console:test-logon": "takes a POST, and leads to the vendor",
    "console:running": "a part of the frame",
    "healthz": "for machines",
    "oauth-server-metadata": "for machines",
    **{
        f"oauth2_provider:{name}": "for machines"
        for name in (
            *("token", "introspect", "revoke-token", "user-info", "jwks-info"),
            "oidc-connect-discovery-info",
        )
    },
    "oauth2_provider:authorize": "leads on, or asks: tests/oidc/test_pages.py",
    "readyz": "for machines",
    "identity:application-switch": "takes a POST",
    "identity:rotate-key": "takes a POST",
    "identity:client-forget": "takes a POST",
    "identity:file-download": "a file",
    "identity:in-app": "leaves at once: tests/client/test_in_app_browser.py",
    "identity:setup-save": "takes a POST",
    "identity:logon-return": "leads on: tests/logon",
    "identity:compare": "a part of the settings page",
    "identity:effect": "a part of the settings page",
    "identity:search": "a part of the settings page",
    "identity:departments": "a part of the settings page",
    "identity:sample": "a part of the settings page",
    "sync:approve": "takes a POST",
    "sync:leave-out": "takes a POST",
    "sync:refuse": "takes a POST",
    "sync:release": "takes a POST",
    "sync:alerts-test": "takes a POST",
    "sync:alert-again": "takes a POST",
    "sync:alert-robot-remove": "takes a POST",
    "sync:webhook-switch": "takes a POST",
    "sync:webhook-test": "takes a POST",
    "sync:webhook-delete": "takes a POST",
    "sync:branch": "a part of the directory",
    "sync:branches": "a part of the directory",
    "sync:export": "a file",
    "sync:undo": "takes a POST",
    "sync:cancel": "takes a POST",
    "sync:department": "leads on to the directory",
    "sync:department-read": "takes a POST",
    "sync:employee-read": "takes a POST",
    "sync:event-again": "takes a POST",
    "sync:event-body": "takes a POST",
    "sync:events-again": "takes a POST",
    "sync:events-approve": "takes a POST",
    "sync:home-end": "takes a POST",
    "sync:log-off": "takes a POST",
    "sync:progress": "a part of the run's page",
    "sync:receive": "for machines",
    "sync:start": "takes a POST",
}
"""Addresses where nothing stands that is looked at by itself."""


def names() -> set[str]:
    """The names of all addresses but Django's own."""
    return set(_named(get_resolver(), ""))


def _named(resolver: URLResolver, spaces: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            inner = f"{spaces}{one.namespace}:" if one.namespace else spaces
            if inner != "admin:":
                yield from _named(one, inner)
        elif isinstance(one, URLPattern) and one.name:
            yield spaces + one.name
