"""A directory that is the company, and what the tests of handling ask of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connections
from django.db.models import F

from identity.connectors.dingtalk.simulator.company import Company
from identity.models import IdentityProvider, LogonSession, User
from sync import runs, worklist
from sync.models import AccessCut, Department, Employee, InboxEvent, SyncRun, full_runs
from tests.engine.conftest import GET, LIST
from tests.engine.oracle import assert_equal
from tests.plugins.arriving import Arriving

State = InboxEvent.State
Outcome = InboxEvent.Outcome


def states() -> set[str]:
    """The states of all events."""
    return set(InboxEvent.objects.values_list("state", flat=True))


def outcomes() -> list[str]:
    """What became of the events, in the order in which they came."""
    return list(InboxEvent.objects.order_by("pk").values_list("outcome", flat=True))


def status(userid: str) -> str | None:
    """The status of a person's newest row."""
    rows = Employee.objects.filter(userid=userid).order_by("-pk")
    return rows.values_list("status", flat=True).first()


def is_cut(userid: str) -> bool:
    """Whether their access is cut."""
    return AccessCut.objects.filter(employee__userid=userid).exists()


def narrow_runs() -> int:
    """How many runs read only what events named."""
    return SyncRun.objects.filter(breadth=SyncRun.Breadth.NARROW).count()


def log_on(userid: str) -> LogonSession:
    """An open session of a person."""
    person = Employee.objects.get(userid=userid)
    if person.account is None:
        person.account = User.objects.create_user(f"of-{person.pk}")
        person.save()
    return LogonSession.objects.create(
        account=person.account, idp=person.idp, session_key=f"s{person.pk}"
    )


def is_open(session: LogonSession) -> bool:
    session.refresh_from_db()
    return session.ended_at is None


def perform_queued() -> list[SyncRun]:
    """What a worker does with full runs that wait."""
    queued = full_runs().filter(state=SyncRun.State.QUEUED).order_by("pk")
    return [runs.perform(run) for run in queued]


def settle_all(arriving: Arriving) -> None:
    """Let time go by until nothing waits any more."""
    for _look in range(4):
        arriving.later()
        perform_queued()


def as_the_company(arriving: Arriving) -> None:
    """Everything is settled, and the directory is the company."""
    settle_all(arriving)
    assert states() <= {State.APPLIED, State.IGNORED}, outcomes()
    assert_equal(arriving.idp, arriving.simulator.company)


def asks(arriving: Arriving, act: Callable[[], object]) -> dict[str, int]:
    """The calls that an act makes, without those for a token."""
    arriving.simulator.calls.clear()
    act()
    calls = dict(arriving.simulator.calls)
    calls.pop("/v1.0/oauth2/accessToken", None)
    return calls


def someone(company: Company) -> str:
    """An ordinary person of the company."""
    return sorted(company.people)[0]


def gets(arriving: Arriving) -> int:
    """How often somebody was asked for singly."""
    return int(arriving.simulator.calls[GET])


def pages(arriving: Arriving) -> int:
    """How many pages of members were read."""
    return int(arriving.simulator.calls[LIST])


def widen(idp: IdentityProvider) -> None:
    """The guard lets everything pass."""
    idp.guard_people_percent = idp.guard_departments_percent = 100
    idp.save()


def age(seconds: float) -> None:
    """Let events be older, without any other change."""
    gone = timedelta(seconds=seconds)
    InboxEvent.objects.update(
        received_at=F("received_at") - gone, due_at=F("due_at") - gone
    )


def settled_lag(arriving: Arriving) -> None:
    """Let the moment pass in which answers may lag, and work."""
    age(worklist.LAG.total_seconds() + 1)
    arriving.work()


def tree() -> set[str]:
    return set(Department.objects.values_list("source_id", flat=True))


def aside(act: Callable[[], object]) -> None:
    """Act in a thread of its own, as another worker would, and wait for it."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(with_own_connection, act).result()


def with_own_connection(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connections.close_all()
