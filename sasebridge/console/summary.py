"""What the console says about all IdPs at once, in a constant number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max

from identity.drafts import Draft, draft_of
from identity.models import IdentityProvider
from sync.models import Employee, SyncRun, full_runs

MOST_ENABLED = 5
TROUBLED = (
    SyncRun.State.HELD,
    SyncRun.State.FAILED,
    SyncRun.State.PARTIAL,
    SyncRun.State.ABANDONED,
)
"""States of a last run that want an administrator, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One IdP as the dashboard and the list show it."""

    idp: IdentityProvider
    people: int
    last_run: SyncRun | None

    @property
    def vendor(self) -> str:
        """The vendor's name, e.g. "DingTalk" (templates would call the class)."""
        return str(self.idp.connector_class.label)

    @property
    def troubled(self) -> bool:
        """Whether the last run wants an administrator."""
        return self.last_run is not None and self.last_run.state in TROUBLED

    @property
    def busy(self) -> bool:
        """Whether a run waits or is under way."""
        return self.last_run is not None and self.last_run.is_open

    @property
    def percent(self) -> int:
        """How far an open run is."""
        return percent_of(self.last_run) if self.last_run else 0

    @property
    def draft(self) -> Draft:
        """What is known about it as a draft (asks the database)."""
        return draft_of(self.idp)


def percent_of(run: SyncRun) -> int:
    """How far a run is: reading is most of it, then comparing, asking and writing."""
    read = 80 * run.departments_read // max(run.departments_seen, 1)
    written = 12 * run.changes_applied // max(run.changes_planned, 1)
    reached: dict[str, int] = {
        SyncRun.Stage.FETCH: read,
        SyncRun.Stage.COMPARE: 80,
        SyncRun.Stage.CONFIRM: 85,
        SyncRun.Stage.APPLY: 88 + written,
        SyncRun.Stage.DONE: 100,
    }
    return min(reached.get(run.stage, 0), 100)


def summaries() -> list[Summary]:
    """Every IdP, drafts too, the oldest first."""
    people = _people()
    runs = {run.idp_id: run for run in _last_runs()}
    return [
        Summary(idp, people.get(idp.pk, 0), runs.get(idp.pk))
        for idp in IdentityProvider.objects.select_related("created_by")
    ]


def enabled(rows: Iterable[Summary]) -> int:
    """How many IdPs let people log on."""
    return sum(
        row.idp.status == IdentityProvider.Status.ENABLED and not row.idp.is_draft
        for row in rows
    )


def _people() -> dict[object, int]:
    """Active employees by IdP."""
    active = Employee.objects.filter(status=Employee.Status.ACTIVE)
    return dict(active.values_list("idp").annotate(Count("pk")).order_by())


def _last_runs() -> Iterable[SyncRun]:
    newest = full_runs().order_by().values("idp").annotate(newest=Max("pk"))
    return SyncRun.objects.filter(pk__in=newest.values("newest"))
