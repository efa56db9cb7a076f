"""Why a person should look at a plan before it is carried out. Pure.

guard(plan, ...)        the reasons; empty = go on
beyond(plan, agreed)    what is new in a plan since an approval
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sync.plan import Plan

NOBODY = "\0"
"""No unionid: what is not in a mapping equals nothing."""
FEW = 2
"""So few people may all be others tomorrow, without that anything is wrong."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on the guard holds: more than max(minimum, percent of the present)."""

    people_min: int = 5
    people_percent: int = 10
    departments_min: int = 3
    departments_percent: int = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A reason of the guard, with its numbers."""

    reason: str
    """people, departments, identities, empty_root, credentials, company or day here;
    runs add preview, undone and undo."""
    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Present:
    """What a plan is measured against."""

    active: int
    departments: int
    ended: int = 0
    """People whom automatic runs ended within the last 24 hours, unapproved."""
    day_began: int = 0
    """How many active people there were before that."""

    def people_limit(self, limits: Limits, *, of_day: bool = False) -> int:
        """How many may be ended by one plan, or within a day."""
        people = self.day_began if of_day else self.active
        return max(limits.people_min, people * limits.people_percent // 100)

    def departments_limit(self, limits: Limits) -> int:
        """How many may be removed."""
        share = self.departments * limits.departments_percent // 100
        return max(limits.departments_min, share)


def guard(
    plan: Plan,
    limits: Limits,
    present: Present,
    *,
    empty_root: bool = False,
    new_credentials: bool = False,
    whole: bool = False,
) -> tuple[Held, ...]:
    """Why a person should look at this plan first; empty if it may go on.

    `new_credentials` says that this is the first run after the credentials changed,
    `whole` that the company was read from its top.
    """
    most, day = present.people_limit(limits), present.people_limit(limits, of_day=True)
    # Nobody is who they were: another company, or other ids of the same people. Small
    # companies would change hands below the limits.
    all_others = present.active > FEW and plan.ended >= present.active
    other_ids = all_others and len(plan.replaced) > FEW
    other_people = all_others and whole and not empty_root and not other_ids
    found = (
        Held("empty_root", len(plan.absent), 0) if empty_root else None,
        Held("company", plan.ended, 0) if other_people else None,
        _over("people", plan.ended, most),
        _over("identities", len(plan.replaced), 0 if other_ids else most),
        _over(
            "departments",
            len(plan.departments_removed),
            present.departments_limit(limits),
        ),
        _over("credentials", plan.ended, 0) if new_credentials else None,
        _over("day", present.ended + plan.ended, day)
        if present.ended and plan.ended
        else None,
    )
    return tuple(held for held in found if held)


def _over(reason: str, count: int, limit: int) -> Held | None:
    return Held(reason, count, limit) if count > limit else None


@dataclass(frozen=True, slots=True)
class Agreed:
    """The losses of an approved plan, and what it was held for."""

    absent: frozenset[str] = frozenset()
    replaced: Mapping[str, str] = field(default_factory=dict)
    """userids, and the unionids of their new holders."""
    departments: frozenset[str] = frozenset()
    reasons: Mapping[str, int] = field(default_factory=dict)
    """What it was held for, with the counts."""


NOTHING = Agreed()


def beyond(plan: Plan, agreed: Agreed) -> Plan:
    """A plan without the losses that were agreed to: what is new in it."""
    return replace(
        plan,
        absent=tuple(u for u in plan.absent if u not in agreed.absent),
        replaced=tuple(
            userid
            for userid in plan.replaced
            if agreed.replaced.get(userid, NOBODY) != plan.holders.get(userid)
        ),
        departments_removed=tuple(
            id for id in plan.departments_removed if id not in agreed.departments
        ),
    )
