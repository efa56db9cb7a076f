"""What administrators are alerted of, each occasion once, and the words for it.

Occasions are read from the rows, whoever wrote them and however a run ended: an alert's
`cause` tells one occasion from the next, so looking again, or two at once, does no harm.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from identity.access import ADMINISTRATOR
from identity.connectors import registry
from identity.models import IdentityProvider, User
from sync import health
from sync.models import (
    Alert,
    AlertDelivery,
    AlertRobot,
    AlertSettings,
    Change,
    InboxEvent,
    SyncRun,
    full_runs,
)

Kind = Alert.Kind
State = SyncRun.State
GOOD = (State.SUCCESS, State.PARTIAL)
IN_A_ROW = 2
"""Runs that fail, one after the other, until somebody is told."""
STANDING = {Kind.LEAVERS: InboxEvent.State.HELD, Kind.DEAD: InboxEvent.State.DEAD}
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an alert goes: an address, or the robot of a kind."""

    way: str
    to: str
    language: str


@dataclass(frozen=True, slots=True)
class Words:
    """An alert for people: numbers and names of settings, nothing of a person."""

    title: str
    lines: tuple[str, ...]
    link: str
    link_label: str


# --- what has happened ---


def find() -> list[Alert]:
    """Look at every open IdP; the alerts that are new."""
    rows = IdentityProvider.objects.filter(
        confirmed_at__isnull=False, status=IdentityProvider.Status.ENABLED
    )
    return [alert for idp in rows for alert in _of(idp) if alert is not None]


def note(
    kind: Kind,
    cause: str,
    *,
    idp: IdentityProvider | None = None,
    run: SyncRun | None = None,
    **facts: Any,
) -> Alert | None:
    """Keep an alert with its deliveries; None if this occasion is known already."""
    if Alert.objects.filter(kind=kind, cause=cause).exists():
        return None
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                kind=kind, cause=cause, idp=idp, run=run, facts=facts
            )
            AlertDelivery.objects.bulk_create(
                AlertDelivery(alert=alert, way=to.way, to=to.to, language=to.language)
                for to in targets(mail_only=kind == Kind.QUOTA)
            )
    except IntegrityError:  # another worker was faster
        return None
    return alert


def _of(idp: IdentityProvider) -> Iterator[Alert | None]:
    good = _newest(idp, GOOD)
    since = good.pk if good else 0
    yield _held(idp, since)
    yield _failing(idp, since)
    yield _working(idp, good)
    yield _silent(idp)
    counts = health.unsettled(idp)
    for kind, state in STANDING.items():
        yield _standing(idp, kind, counts.get(state, 0))


def _newest(idp: IdentityProvider, states: tuple[str, ...]) -> SyncRun | None:
    rows = full_runs().filter(idp=idp, purpose=SyncRun.Purpose.SYNC, state__in=states)
    return rows.order_by("-pk").first()


def _held(idp: IdentityProvider, since: int) -> Alert | None:
    """The same plan again, cycle after cycle, is one occasion until a run goes through."""
    run = _newest(idp, (State.HELD,))
    if run is None or run.approved_at is not None:
        return None
    cause = f"{idp.pk}:{run.digest}:{since}"
    if Alert.objects.filter(kind=Kind.HELD, cause=cause).exists():
        return None
    # A plan says "remove" until the vendor was asked what became of each; an approval
    # that the run carries out is not asked for again.
    losses = run.changes.filter(
        kind__in=(Change.Kind.REMOVE, Change.Kind.REPLACE),
        applied=False,
        approved=False,
    )
    return note(
        Kind.HELD,
        cause,
        idp=idp,
        run=run,
        people=losses.filter(entity=Change.Entity.EMPLOYEE).count(),
        departments=losses.filter(entity=Change.Entity.DEPARTMENT).count(),
    )


def _failing(idp: IdentityProvider, since: int) -> Alert | None:
    failed = full_runs().filter(
        idp=idp, purpose=SyncRun.Purpose.SYNC, state=State.FAILED, pk__gt=since
    )
    rows = list(failed.order_by("-pk")[:IN_A_ROW])
    if len(rows) < IN_A_ROW:
        return None
    cause = f"{idp.pk}:{since}"
    code = rows[0].error_code
    return note(Kind.FAILING, cause, idp=idp, run=rows[0], code=code)


def _working(idp: IdentityProvider, good: SyncRun | None) -> Alert | None:
    """A run went through after those that an alert was about."""
    rows = Alert.objects.filter(idp=idp, kind=Kind.FAILING, over_at=None)
    failing = rows.order_by("-pk").first()
    if failing is None or good is None or good.pk <= (failing.run_id or 0):
        return None
    with transaction.atomic():
        rows.update(over_at=timezone.now())
        return note(Kind.WORKING, str(failing.pk), idp=idp, run=good)


def _silent(idp: IdentityProvider) -> Alert | None:
    silence = health.silence(idp)
    if silence is None:
        return None
    since = silence.since.isoformat()
    return note(Kind.SILENT, f"{idp.pk}:{since}", idp=idp, since=since)


def _standing(idp: IdentityProvider, kind: Kind, count: int) -> Alert | None:
    """One alert from the first such event until there is none any more."""
    rows = Alert.objects.filter(idp=idp, kind=kind)
    standing = rows.filter(over_at=None)
    if not count:
        standing.update(over_at=timezone.now())
        return None
    if standing.exists():
        return None
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    return note(kind, f"{idp.pk}:after:{last}", idp=idp, count=count)


# --- to whom ---


def mail_is_set_up() -> bool:
    """Whether this server has been told how to send mail."""
    return str(settings.EMAIL_BACKEND) != NO_MAIL


def targets(*, mail_only: bool = False) -> list[Target]:
    """Everywhere an alert goes now, each address once."""
    chosen = AlertSettings.load()
    robots = [] if mail_only else robots_in_use()
    return [
        *(Target(AlertDelivery.MAIL, to, how) for to, how in _addresses(chosen)),
        *(Target(robot.kind, "", chosen.language) for robot in robots),
    ]


def robots_in_use() -> list[AlertRobot]:
    """Those that are switched on, and whose connector is installed."""
    rows = AlertRobot.objects.filter(enabled=True, kind__in=registry.alert_channels())
    return [row for row in rows.order_by("kind") if row.sealed]


def _addresses(chosen: AlertSettings) -> list[tuple[str, str]]:
    if not mail_is_set_up():
        return []
    found: dict[str, tuple[str, str]] = {}
    if chosen.administrators:
        accounts = User.objects.filter(role=ADMINISTRATOR, is_active=True)
        for account in accounts.exclude(email="").order_by("pk"):
            language = account.language or chosen.language
            found[account.email.lower()] = (account.email, language)
    for address in chosen.recipients:
        found.setdefault(address.lower(), (address, chosen.language))
    return list(found.values())


# --- the words, in the language that is active ---


def words(alert: Alert) -> Words:
    """Say it, in the language that is active."""
    name = plain(str(alert.idp)) if alert.idp else ""
    title = str(Kind(alert.kind).label)
    title = f"{title}: {name}" if name else title
    path, label = _where(alert)
    return Words(title, tuple(_lines(alert)), settings.PUBLIC_URL + path, label)


def plain(text: str) -> str:
    """One line without what cannot be seen, for a mail's subject."""
    seen = (" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return " ".join("".join(seen).split())[:100]


def _lines(alert: Alert) -> Iterator[str]:
    facts = alert.facts
    match alert.kind:
        case Kind.HELD:
            yield _("Nothing of its plan was applied; it waits for your decision.")
            yield _people(int(facts.get("people", 0)))
            yield _departments(int(facts.get("departments", 0)))
        case Kind.FAILING:
            yield _("The last runs failed, one after the other.")
            yield _("Code: %(code)s") % {"code": plain(str(facts.get("code") or "-"))}
        case Kind.WORKING:
            yield _("A run went through again.")
        case Kind.SILENT:
            since = datetime.fromisoformat(str(facts.get("since")))
            moment = formats.date_format(timezone.localtime(since), "DATETIME_FORMAT")
            yield _("No event has come since %(moment)s.") % {"moment": moment}
            yield _("Changes are found by the full synchronizations only.")
        case Kind.LEAVERS:
            yield _events(int(facts.get("count", 0)))
            yield _("These people have no access until you decide.")
        case Kind.DEAD:
            yield _events(int(facts.get("count", 0)))
            yield _("The next full synchronization makes up for them.")
        case Kind.WEBHOOK:
            yield _("Webhook: %(name)s") % {"name": plain(str(facts.get("name", "")))}
            yield _("It gets nothing more until you switch it on again.")
        case Kind.QUOTA:
            yield _("%(count)s of %(most)s free calls of the month are used.") % facts
            yield _("Shortly before the end only held synchronizations are reported.")
        case _:
            yield _("This is a test. Alerts will reach you here.")


def _people(count: int) -> str:
    words = ngettext(
        "%(count)s person would lose access.",
        "%(count)s people would lose access.",
        count,
    )
    return words % {"count": count}


def _departments(count: int) -> str:
    words = ngettext(
        "%(count)s department would be removed.",
        "%(count)s departments would be removed.",
        count,
    )
    return words % {"count": count}


def _events(count: int) -> str:
    words = ngettext("%(count)s event so far.", "%(count)s events so far.", count)
    return words % {"count": count}


def _where(alert: Alert) -> tuple[str, str]:
    """The page to read on, and what its link is called."""
    if alert.kind in (Kind.HELD, Kind.FAILING, Kind.WORKING) and alert.run_id:
        return reverse("sync:run", args=[alert.run_id]), _("Open the run")
    if alert.kind in (Kind.SILENT, *STANDING):
        state = STANDING.get(Kind(alert.kind), "")
        query = f"?idp={alert.idp_id}" + (f"&state={state}" if state else "")
        return reverse("sync:events") + query, _("Open the events")
    return reverse("sync:alerts"), _("Open the alerts")
