"""The wizard's steps as data: which is done, which is next, what is missing.

The draft row is the only state. Nothing is kept in the session, so that a step can be
opened again at any time, from any browser, and cannot disagree with the database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from identity import connection, subscription
from identity.forms.idp import stored_problems
from identity.forms.problems import Problem
from identity.models import IdentityProvider


@dataclass(frozen=True, slots=True)
class Step:
    """A step: `done` tells from the row whether it is."""

    key: str
    label: Any
    done: Callable[[IdentityProvider], bool]

    @property
    def url_name(self) -> str:
        """The name of the step's address."""
        return f"identity:setup-{self.key}"


@dataclass(frozen=True, slots=True)
class Place:
    """A step as the stepper shows it; `url` is "" where there is no way yet.

    `total`: of how many it is one. `later`: it is no part of the wizard, and comes
    when this is over.
    """

    label: str
    url: str
    state: str
    total: int
    later: bool = False


def is_complete(idp: IdentityProvider) -> bool:
    """Whether the stored values would pass the first step's form."""
    return not missing(idp)


def missing(idp: IdentityProvider) -> list[Problem]:
    """What keeps the first step from being done."""
    return stored_problems(idp)


def wrong(idp: IdentityProvider) -> list[Problem]:
    """Values of the first step that do not hold (any more), and not what is empty."""
    return stored_problems(idp, empty=False)


def is_confirmed(idp: IdentityProvider) -> bool:
    """Whether Confirm was pressed."""
    return not idp.is_draft


STEPS: tuple[Step, ...] = (
    Step("basic", _("Basic Configurations"), is_complete),
    Step("test", _("Connectivity Test"), connection.has_pass),
    Step("sync", _("Synchronization Settings"), is_confirmed),
)

EVENTS = Step("events", _("Events"), subscription.is_complete)
"""What comes after the wizard, and may be done before: it keeps nobody from Confirm."""


def may_enter(idp: IdentityProvider, key: str) -> bool:
    """Whether every step before this one is done.

    The settings of a confirmed IdP stay open, whatever the newest test says.
    """
    if key == "sync" and is_confirmed(idp):
        return True
    for step in STEPS:
        if step.key == key:
            return True
        if not step.done(idp):
            return False
    raise KeyError(key)


def next_step(idp: IdentityProvider) -> Step:
    """The first step that is not done; the last one if all are."""
    return next((step for step in STEPS if not step.done(idp)), STEPS[-1])


def address(idp: IdentityProvider, step: Step) -> str:
    """Where a step is."""
    return reverse(step.url_name, args=[idp.pk])


def places(idp: IdentityProvider, current: str) -> list[Place]:
    """The stepper: the current step, the done ones, and those that may be entered."""
    steps = [
        Place(
            str(step.label),
            address(idp, step) if may_enter(idp, step.key) else "",
            _state(idp, step, current),
            len(STEPS),
        )
        for step in STEPS
    ]
    state = _state(idp, EVENTS, current)
    label, total = str(EVENTS.label), len(STEPS) + 1
    return [*steps, Place(label, address(idp, EVENTS), state, total, later=True)]


def _state(idp: IdentityProvider, step: Step, current: str) -> str:
    if step.key == current:
        return "current"
    return "done" if step.done(idp) else "open"
