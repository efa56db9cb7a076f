"""What the parts of a plan are called, and what the vendor said of those who would go."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sync.models import Change, SyncRun

Entity, Kind, Verdict = Change.Entity, Change.Kind, Change.Verdict

LABELS: Mapping[tuple[str, str], Any] = {
    (Entity.DEPARTMENT, Kind.REMOVE): gettext_lazy("Departments that go"),
    (Entity.EMPLOYEE, Kind.REPLACE): gettext_lazy("User ids with another person"),
    (Entity.EMPLOYEE, Kind.CREATE): gettext_lazy("People who join"),
    (Entity.EMPLOYEE, Kind.UPDATE): gettext_lazy("People who change"),
    (Entity.EMPLOYEE, Kind.RETURN): gettext_lazy("People who return"),
    (Entity.DEPARTMENT, Kind.CREATE): gettext_lazy("New departments"),
    (Entity.DEPARTMENT, Kind.UPDATE): gettext_lazy("Departments that change"),
    (Entity.MEMBERSHIP, Kind.CREATE): gettext_lazy("New memberships"),
    (Entity.MEMBERSHIP, Kind.UPDATE): gettext_lazy("Memberships that change"),
    (Entity.MEMBERSHIP, Kind.REMOVE): gettext_lazy("Memberships that end"),
}
"""The other parts, losses first."""
LOSSES: Mapping[str, Any] = {
    Verdict.LEFT: gettext_lazy("Left the company"),
    Verdict.MOVED: gettext_lazy("Moved out of the chosen scope"),
    Verdict.HIDDEN: gettext_lazy("No longer visible to the app"),
    Verdict.UNREADABLE: gettext_lazy("Could not be read"),
    Verdict.FOUND: gettext_lazy("Still there"),
    "": gettext_lazy("Not asked yet"),
}
"""People who lose access, by what the vendor said of each."""


def loss_of(run: SyncRun, verdict: str) -> str:
    """What the part of people who lose access is called."""
    if run.purpose == SyncRun.Purpose.UNDO:
        return _("People who go out of scope")
    return str(LOSSES[verdict])


def note_of(run: SyncRun, verdict: str, vendor: str) -> str:
    """What the vendor said of people who would lose access, and what follows."""
    if run.purpose == SyncRun.Purpose.UNDO:
        return _(
            "They came with the run that is undone. They become out of scope and cannot "
            "log on, although %(vendor)s has them."
        ) % {"vendor": vendor}
    words = {
        Verdict.LEFT.value: _(
            "%(vendor)s was asked for each of them and does not know them any more. "
            "They cannot be left out: who has left may not keep access."
        ),
        Verdict.MOVED.value: _(
            "%(vendor)s still has them, but in no department that this IdP covers. They "
            "become out of scope and cannot log on."
        ),
        Verdict.HIDDEN.value: _(
            "%(vendor)s does not let the app see them any more. Often somebody made the "
            "app's permission scope smaller: if that was a mistake, reject this and mend "
            "it there."
        ),
        Verdict.UNREADABLE.value: _(
            "%(vendor)s gave no answer about them. Nobody loses access before it does: "
            "they are asked for once more."
        ),
        Verdict.FOUND.value: _(
            "%(vendor)s found them when it was asked for exactly them: the read that "
            "missed them was wrong, and they stay."
        ),
        "": _(
            "They were missing from the read. Each is asked for in %(vendor)s by name "
            "before anything happens, and nobody loses access who is not confirmed."
        ),
    }
    return words[verdict] % {"vendor": vendor}
