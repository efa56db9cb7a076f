"""Delivers alerts: an outbox whose rows are claimed as those of logout notices are.

A row is claimed by a conditional update that also says when it is due again, so that of
two workers one sends, and that of a worker that dies the next one takes over. Nothing
here stands in the way of a run.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from smtplib import SMTPException, SMTPResponseException
from typing import TYPE_CHECKING

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from identity import throttle
from identity.connectors import registry
from identity.connectors.alerting import AlertChannel, Message
from identity.connectors.errors import ConnectorError, Throttled
from identity.fields import CannotOpen
from sync import alerts
from sync.models import Alert, AlertDelivery, AlertRobot, RobotMonth

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)
State = AlertDelivery.State
PAUSES = (10, 60, 600, 3600, 21600, 60)
"""Seconds after each try until the next. What follows the last is for a worker that
died in it."""
AT_ONCE = 4
SPARED = 5
"""Messages a minute that a robot is not given: somebody may test it at that moment."""
WARN, RESERVE = 0.8, 0.98
"""Parts of the free calls of a month: from the first one administrators are warned, from
the second one on only held runs are reported. The last one is never exceeded."""
KEPT = timedelta(days=180)
STOPPED = "stopped"
Send = Callable[[], str]
"""Sends one; what went wrong, "" if it was taken. Asks no database."""


def is_due() -> bool:
    """Whether somebody is to be told something now."""
    return _due().exists()


def deliver(
    stop: Callable[[], bool] = lambda: False, alert: Alert | None = None
) -> int:
    """Send what is due until nothing is, of one alert or of all; how many were taken."""
    taken = 0
    with ThreadPoolExecutor(AT_ONCE, "alerts") as pool:
        while not stop() and (rows := _next(alert)):
            mine = [(row, send) for row in rows if (send := _prepared(row))]
            told = pool.map(lambda one: _tried(*one), mine)
            for (row, _send), (fault, wait) in zip(mine, told, strict=True):
                _note(row, fault, wait)
                taken += not fault
    return taken


def again(delivery: AlertDelivery) -> bool:
    """Try a failed delivery from the beginning; False if it is none."""
    rows = AlertDelivery.objects.filter(pk=delivery.pk, state=State.FAILED)
    now = timezone.now()
    return rows.update(state=State.WAITING, attempts=0, due_at=now, error="") == 1


def prune() -> int:
    """Remove alerts of long ago; how many."""
    return Alert.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]


def used(kind: str) -> int:
    """Calls that the robot of a kind has made in this month of its vendor."""
    month = _month(registry.alert_channels()[kind])
    row = RobotMonth.objects.filter(kind=kind, month=month).first()
    return row.count if row else 0


# --- the outbox ---


def _due() -> QuerySet[AlertDelivery]:
    now = timezone.now()
    return AlertDelivery.objects.filter(state=State.WAITING, due_at__lte=now)


def _next(alert: Alert | None) -> list[AlertDelivery]:
    rows = _due() if alert is None else _due().filter(alert=alert)
    rows = rows.select_related("alert__idp").order_by("due_at", "pk")
    return list(rows[:AT_ONCE])


def _prepared(row: AlertDelivery) -> Send | None:
    """How to send it, once this try is ours; None if it is not, or must wait."""
    with translation.override(row.language):
        words = alerts.words(row.alert)
        if row.way == AlertDelivery.MAIL:
            mail = _mail(row.to, words)
            return (lambda: _mailed(mail)) if _claim(row) else None
        return _by_robot(row, Message(**asdict(words)))


def _claim(row: AlertDelivery) -> bool:
    """Whether this try is ours; one that died in its last try has failed."""
    mine = _mine(row)
    if row.attempts >= len(PAUSES):
        mine.update(state=State.FAILED, error=row.error or STOPPED)
        return False
    again = timezone.now() + timedelta(seconds=PAUSES[row.attempts] + 30)
    row.attempts += 1
    return mine.update(attempts=row.attempts, due_at=again) == 1


def _mine(row: AlertDelivery) -> QuerySet[AlertDelivery]:
    return AlertDelivery.objects.filter(
        pk=row.pk, state=State.WAITING, attempts=row.attempts
    )


def _tried(row: AlertDelivery, send: Send) -> tuple[str, float]:
    """What went wrong, in the reader's language, and the seconds until the next try
    where the other side says so."""
    try:
        with translation.override(row.language):
            return send(), 0.0
    except Throttled as error:
        return error.words, error.retry_after
    except ConnectorError as error:
        return error.words, 0.0


def _note(row: AlertDelivery, fault: str, wait: float) -> None:
    """Keep how a try ended, unless a later one has begun."""
    mine, now = _mine(row), timezone.now()
    if not fault:
        mine.update(state=State.SENT, sent_at=now, error="")
        return
    last = row.attempts >= len(PAUSES)
    log.warning("alert %s by %s, try %s failed", row.alert_id, row.way, row.attempts)
    due = now + timedelta(seconds=max(wait, PAUSES[row.attempts - 1]))
    state = State.FAILED if last else State.WAITING
    mine.update(state=state, due_at=due, error=fault[:300])


# --- by mail ---


def _mail(to: str, words: alerts.Words) -> EmailMultiAlternatives:
    lines = [*words.lines, "", words.link]
    mail = EmailMultiAlternatives(words.title, "\n".join(lines), None, [to])
    page = render_to_string("sync/alert_mail.html", {"words": words})
    mail.attach_alternative(page, "text/html")
    return mail


def _mailed(mail: EmailMultiAlternatives) -> str:
    """What a server says may name addresses, so only its number is kept."""
    try:
        mail.send()
    except SMTPResponseException as error:
        return f"{type(error).__name__} {error.smtp_code}"
    except (SMTPException, BadHeaderError, OSError, ValueError) as error:
        return type(error).__name__
    return ""


# --- by a vendor's robot ---


def _by_robot(row: AlertDelivery, message: Message) -> Send | None:
    channel = _channel(row.way)
    if isinstance(channel, str):
        return (lambda: channel) if _claim(row) else None
    wait = throttle.wait(f"robot:{row.way}", most=channel.per_minute - SPARED)
    if wait:  # no try of its own: the minute is full
        _mine(row).update(due_at=timezone.now() + timedelta(seconds=wait))
        return None
    if not _claim(row):
        return None
    if not _counted(row, channel):
        fault = _("The free calls of this month are used up.")
        _mine(row).update(state=State.FAILED, error=fault)
        return None

    def send() -> str:
        channel.send(message)
        return ""

    return send


def _channel(kind: str) -> AlertChannel | str:
    """The robot with its settings, or why there is none."""
    row = AlertRobot.objects.filter(kind=kind, enabled=True).exclude(sealed="").first()
    found = registry.alert_channels().get(kind)
    if row is None or found is None:
        return _("This robot is not set up any more.")
    try:
        return found(row.reveal())
    except CannotOpen:
        return _("Its values cannot be opened with the present ENCRYPTION_KEYS.")


def _month(channel: "AlertChannel | type[AlertChannel]") -> str:
    now: datetime = timezone.now().astimezone(channel.zone)
    return f"{now:%Y-%m}"


def _counted(row: AlertDelivery, channel: AlertChannel) -> bool:
    """Take one of the month's calls; False if none is left for this kind of alert."""
    free, month = channel.free_a_month, _month(channel)
    if not free:
        return True
    urgent = row.alert.kind in (Alert.Kind.HELD, Alert.Kind.TEST)
    most = free if urgent else int(free * RESERVE)
    months = RobotMonth.objects.filter(kind=row.way, month=month)
    RobotMonth.objects.get_or_create(kind=row.way, month=month)
    taken = months.filter(count__lt=most).update(count=F("count") + 1) == 1
    count = months.values_list("count", flat=True).get()
    if count >= free * WARN:
        alerts.note(
            Alert.Kind.QUOTA, f"{row.way}:{month}", count=count, most=free, month=month
        )
    return taken
