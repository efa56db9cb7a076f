"""What no event had announced of a run's changes, as the run's page tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.models import Change, SyncRun

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Missed:
    """A run's report. `first` are changes for showing, no rows; `more` come on top."""

    vendor: str
    total: int
    first: list[Change]
    caught_up: int
    resettled: bool
    many: bool

    @property
    def more(self) -> int:
        """How many are not among the first."""
        return self.total - len(self.first)


def missed_of(run: SyncRun) -> Missed | None:
    """The report of a run that has one."""
    report: Mapping[str, Any] | None = run.unannounced
    if report is None:
        return None
    return Missed(
        str(run.idp.connector_class.label),
        report["employees"] + report["departments"],
        [Change(**line) for line in report["first"][:SHOWN]],
        report.get("caught_up", 0),
        report.get("resettled", False),
        report.get("many", False),
    )
