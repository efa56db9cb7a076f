"""What every address takes, and how it answers what it does not take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from identity.oidc import ending
from identity.oidc.asking import KNOWN
from tests.journeys.pages import World

OK, SENT_ON, UNREADABLE, TOO_MUCH, REFUSED, OVER = 200, 302, 400, 413, 422, 286
NOT_FOUND, NO_METHOD, OVERTAKEN, FORBIDDEN = 404, 405, 409, 403
STRANGER, NO_FORM, SENT_TO_GET = 401, 415, 303


@dataclass(frozen=True, slots=True)
class Rule:
    """An address: what it is about, which parameters it reads, how it answers a POST.

    `post` empty: it takes none. `get` are the answers to any parameters at all.
    `within`: without an IdP in its parameters it answers nothing else.
    `machine`: it answers programs, which have no form's key and read no page.
    """

    about: str = ""
    reads: tuple[str, ...] = ()
    get: tuple[int, ...] = (OK, NOT_FOUND)
    post: tuple[int, ...] = ()
    within: bool = False
    machine: bool = False


PROGRAMS = Rule(get=(NO_METHOD,), post=(STRANGER, NO_FORM), machine=True)
"""What a program posts a form to, with its secret."""

RULES: Mapping[str, Rule] = {
    "healthz": Rule(),
    "readyz": Rule(),
    "oauth-server-metadata": Rule(machine=True),
    "oauth2_provider:oidc-connect-discovery-info": Rule(machine=True),
    "oauth2_provider:jwks-info": Rule(machine=True),
    "oauth2_provider:authorize": Rule(
        reads=KNOWN, get=(UNREADABLE,), post=(UNREADABLE,), machine=True
    ),
    "oauth2_provider:token": PROGRAMS,
    "oauth2_provider:introspect": PROGRAMS,
    "oauth2_provider:revoke-token": PROGRAMS,
    "oauth2_provider:user-info": Rule(get=(STRANGER,), post=(STRANGER,), machine=True),
    "oauth2_provider:rp-initiated-logout": Rule(
        reads=ending.KNOWN,
        get=(OK, UNREADABLE),
        post=(OK, SENT_TO_GET, UNREADABLE),
        machine=True,  # other sites' forms come here too, without a key of ours
    ),
    "login": Rule(reads=("next",), get=(OK, SENT_ON), post=(OK, SENT_ON, 429)),
    "login-code": Rule(reads=("recovery",), get=(SENT_ON,), post=(SENT_ON,)),
    "logout": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "set_language": Rule(get=(NO_METHOD,), post=(SENT_ON, 204)),
    "console:theme": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "console:dashboard": Rule(),
    "console:running": Rule(get=(OK, OVER)),
    "console:idps": Rule(),
    "console:overview": Rule("idp"),
    "console:delete": Rule("closed", post=(SENT_ON, REFUSED)),
    "console:logons": Rule(reads=("idp", "outcome", "q", "before")),
    "console:logon": Rule("attempt"),
    "console:troubleshoot": Rule("idp"),
    "console:test-logon": Rule("idp", get=(NO_METHOD,), post=(SENT_ON,)),
    "console:settings": Rule(post=(SENT_ON, REFUSED)),
    "identity:client": Rule(
        reads=("next",), get=(OK, SENT_ON), post=(SENT_ON, REFUSED, 429)
    ),
    "identity:client-forget": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "console:identifier": Rule(post=(SENT_ON,)),
    "identity:security": Rule(),
    "identity:password": Rule(post=(SENT_ON, REFUSED)),
    "identity:second-factor": Rule(get=(OK, SENT_ON), post=(OK, SENT_ON, REFUSED)),
    "identity:second-factor-off": Rule(get=(SENT_ON,), post=(SENT_ON,)),
    "identity:codes-new": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "identity:codes-kept": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "identity:session-end": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "identity:second-factors": Rule(),
    "identity:second-factor-reset": Rule(
        "account", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)
    ),
    "identity:create": Rule(post=(SENT_ON, REFUSED)),
    "identity:setup-basic": Rule("draft", post=(SENT_ON, REFUSED)),
    "identity:setup-save": Rule("draft", get=(NO_METHOD,), post=(OK,)),
    "identity:discard": Rule("draft", post=(SENT_ON, NOT_FOUND)),
    "identity:setup-test": Rule("idp", post=(SENT_ON,)),
    "identity:setup-sync": Rule("idp", reads=("open",), post=(OK, SENT_ON, REFUSED)),
    "identity:setup-events": Rule(
        "idp", reads=("known",), post=(SENT_ON, REFUSED, OVERTAKEN)
    ),
    "identity:departments": Rule("idp", reads=("parent",)),
    "identity:sample": Rule("idp"),
    "identity:search": Rule("idp", reads=("q", "seek")),
    "identity:compare": Rule("idp", get=(NO_METHOD,), post=(OK,)),
    "identity:effect": Rule("idp", get=(NO_METHOD,), post=(OK,)),
    "identity:edit": Rule("idp", post=(SENT_ON, REFUSED, OVERTAKEN)),
    "identity:file": Rule("idp"),
    "identity:file-download": Rule("idp"),
    "identity:logon-return": Rule(
        "kind",
        reads=("state", "code", "authCode", "error"),
        get=(UNREADABLE, FORBIDDEN, 429),
    ),
    "identity:in-app": Rule(
        "homepage", reads=("corpId",), get=(OK, SENT_ON), post=(FORBIDDEN, 429)
    ),
    "identity:applications": Rule(),
    "identity:application": Rule("application"),
    "identity:application-new": Rule(),
    "identity:application-create": Rule("preset", post=(REFUSED,)),
    "identity:application-edit": Rule("application", post=(REFUSED, OVERTAKEN)),
    "identity:application-switch": Rule(
        "application", get=(NO_METHOD,), post=(SENT_ON,)
    ),
    "identity:application-secret": Rule("application", post=(OVERTAKEN,)),
    "identity:application-delete": Rule("application", post=(REFUSED,)),
    "identity:signing-keys": Rule(),
    "identity:rotate-key": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:alerts": Rule(post=(SENT_ON, REFUSED)),
    "sync:alerts-test": Rule(get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:alert-again": Rule("delivery", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:alert-robot": Rule("kind", post=(REFUSED,)),
    "sync:alert-robot-remove": Rule("kind", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:webhooks": Rule(),
    "sync:webhook-new": Rule(post=(REFUSED,)),
    "sync:webhook": Rule("webhook"),
    "sync:webhook-edit": Rule("webhook", post=(SENT_ON, REFUSED, NOT_FOUND)),
    "sync:webhook-rotate": Rule("webhook", post=(OVERTAKEN, NOT_FOUND)),
    "sync:webhook-switch": Rule("webhook", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:webhook-test": Rule("webhook", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:webhook-delete": Rule("webhook", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:directory": Rule(
        reads=(
            *("idp", "dept", "user", "q", "title", "status", "after", "tab", "sub"),
            *("skip", "no_email", "no_mobile", "at", "before"),
        )
    ),
    "sync:compare": Rule(reads=("idp", "from", "to", "kind", "start")),
    "sync:branches": Rule(reads=("idp", "of", "sub", "at"), within=True),
    "sync:export": Rule(
        reads=("idp", "dept", "q", "title", "status", "sub", "no_email", "no_mobile"),
        within=True,
    ),
    "sync:branch": Rule(
        reads=("idp", "under", "after", "skip", "sub", "at"), within=True
    ),
    "sync:department": Rule("root", get=(SENT_ON,)),
    "sync:employee": Rule("person", reads=("before",)),
    "sync:access": Rule("person"),
    "sync:department-read": Rule("root", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:employee-read": Rule("person", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:events": Rule(reads=("idp", "state", "kind", "before")),
    "sync:event": Rule("event"),
    "sync:event-again": Rule("event", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:event-body": Rule("event", get=(NO_METHOD,), post=(OK,)),
    "sync:events-again": Rule(get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:events-approve": Rule("idp", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:home": Rule(),
    "sync:home-end": Rule(get=(NO_METHOD,), post=(FORBIDDEN,)),
    "sync:log-off": Rule(get=(NO_METHOD,), post=(FORBIDDEN,)),
    "sync:runs": Rule(reads=("idp", "state", "trigger", "purpose", "events", "before")),
    "sync:run": Rule("held", reads=("part", "q", "entity", "kind", "after")),
    "sync:leave-out": Rule("held", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:approve": Rule("held", get=(NO_METHOD,), post=(SENT_ON, OVERTAKEN, REFUSED)),
    "sync:refuse": Rule("held", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:guard": Rule("idp", post=(SENT_ON, REFUSED)),
    "sync:kept": Rule("idp", reads=("before",)),
    "sync:release": Rule("kept", get=(NO_METHOD,), post=(SENT_ON, NOT_FOUND)),
    "sync:changes": Rule(
        reads=(
            *("idp", "what", "q", "person", "dept", "from", "to", "trigger"),
            "before",
        )
    ),
    "sync:progress": Rule("run", reads=("say",), get=(OK, OVER)),
    "sync:undo": Rule("run", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:cancel": Rule("run", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:start": Rule("idp", get=(NO_METHOD,), post=(SENT_ON,)),
    "sync:receive": Rule("push", get=(NO_METHOD,), post=(FORBIDDEN,), machine=True),
}
"""Every address by name. A new one needs a line here, or the tests fail."""

ABOUT: Mapping[str, Callable[[World], object]] = {
    "push": lambda world: (world.idp.kind, world.idp.pk),
    "kind": lambda world: world.idp.kind,
    "homepage": lambda world: world.idp.connector_class.homepage_name,
    "idp": lambda world: world.idp.pk,
    "closed": lambda world: world.closed.pk,
    "draft": lambda world: world.draft.pk,
    "account": lambda world: 1,
    "webhook": lambda world: world.webhook.pk,
    "delivery": lambda world: 1,
    "root": lambda world: world.root.pk,
    "person": lambda world: world.person.pk,
    "run": lambda world: world.runs[0].pk,
    "held": lambda world: world.runs[-1].pk,
    "kept": lambda world: (world.idp.pk, 1),
    "attempt": lambda world: world.attempts[-1].trace_id,
    "event": lambda world: world.events[-1].pk,
    "application": lambda world: world.applications[0].pk,
    "preset": lambda world: "web",
}


def address(name: str, world: World) -> str:
    """Where the page is that a rule is about."""
    about = RULES[name].about
    named = ABOUT[about](world) if about else ()
    return reverse(name, args=named if isinstance(named, tuple) else [named])
