"""Whether the history is one that can have happened: nothing was applied twice."""

from typing import Any

from identity.models import IdentityProvider
from sync.models import Change

Kind, Entity = Change.Kind, Change.Entity
COMING = (Kind.CREATE, Kind.RETURN)
GOING = (Kind.LEAVE, Kind.OUT_OF_SCOPE, Kind.REMOVE, Kind.REPLACE)


class Story:
    """What the lines so far say of one object."""

    def __init__(self) -> None:
        self.here = False
        self.known: dict[str, Any] = {}

    def goes_on_with(self, line: Change) -> bool:
        """Whether a line can be the next one."""
        if line.kind in COMING or line.kind in GOING:
            fits = self.here == (line.kind in GOING)
            self.here, self.known = line.kind in COMING, {}
            return fits
        before, after = line.before or {}, line.after or {}
        fits = self.here and before != after
        fits &= all(self.known.get(name, old) == old for name, old in before.items())
        self.known |= after
        return fits


def impossible(idp: IdentityProvider) -> list[str]:
    """Applied lines that contradict the ones before: created twice, left twice, changed
    from a value that was not there."""
    stories: dict[tuple[str, str], Story] = {}
    wrong = []
    lines = Change.objects.filter(run__idp=idp, applied=True).order_by("pk")
    for line in lines.exclude(entity=Entity.MEMBERSHIP):
        story = stories.setdefault((line.entity, line.key), Story())
        if not story.goes_on_with(line):
            wrong.append(f"run {line.run_id}: {line} {line.before} {line.after}")
    return wrong
