"""What can happen in a scenario: the rules from which hypothesis puts them together."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from identity.connectors.dingtalk.simulator import effects
from tests.dying.points import POINTS, Point
from tests.engine.conftest import DEPARTMENT, GET, LIST, LISTSUB, SCOPES, TOKEN
from tests.proof.world import World

seeds = st.integers(0, 2**16)
few = st.integers(1, 5)
FAULTS = (
    *("too_fast", "platform_busy", "quota_used_up", "busy", "backend_timeout"),
    *("token_invalid", "permission_withdrawn", "address_refused", "app_stopped"),
    *("wrapper_without_fields", "banned_page", "banned_json", "http_error", "broken"),
    *("truncated", "cut_off", "deep", "result_null", "no_result", "result_a_list"),
    *("errcode_text", "everything_text", "empty", "stuck_cursor", "cursor_back"),
    "twice",
)
"""F-32 to F-55, by the names that the simulator knows them by. Those that only make
answers slow or large are left to the tests of their rows."""
CODES = ("60011", "50002", "50003", "50004", "60003", "40035", "-1", "33012")
"""Refusals of one object. 60121 is none of them: it is the vendor's word that somebody
has left, and is believed."""
PATHS = ("*", LISTSUB, LIST, GET, TOKEN, SCOPES, DEPARTMENT)
Fault = tuple[str, str, float, int | None, int]
faults: st.SearchStrategy[Fault] = st.tuples(
    st.sampled_from(FAULTS),
    st.sampled_from(PATHS),
    st.sampled_from([0.1, 0.5, 1.0]),
    st.sampled_from([1, 3, 9, None]),
    seeds,
)
"""Name, path, probability, how often at most, seed of the chance."""
NARROW_POINTS = tuple(p for p in POINTS if p.statement and "stage_" not in p.statement)


def bearing(effect: effects.Effect) -> effects.Effect:
    """An effect that leaves an answer as it is where another fault has been at it, and
    the two do not go together."""

    def bear(call: effects.Call, answer: Callable[[], effects.Reply]) -> effects.Reply:
        try:
            return effect(call, answer)
        except (KeyError, AttributeError, ValueError):
            return answer()

    return bear


tally = Counter[str]()
"""What the scenarios of this process were made of."""
make_world: list[Callable[[], World]] = []
"""How the test that runs them makes a world."""


class Machine(RuleBasedStateMachine):
    """One scenario."""

    def __init__(self) -> None:
        super().__init__()
        tally["scenarios"] += 1
        self.world = make_world[-1]()

    # --- the company ---

    @rule(seed=seeds, steps=st.integers(1, 8))
    def the_company_changes(self, seed: int, steps: int) -> None:
        self.world.happens(seed, steps)

    @rule(path=st.sampled_from([LIST, LISTSUB, GET]), nth=few, seed=seeds)
    def it_changes_while_it_is_read(self, path: str, nth: int, seed: int) -> None:
        self.world.while_reading(path, nth, seed)

    # --- events ---

    @rule(
        seed=seeds,
        lost=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
        copied=st.sampled_from([0.0, 0.3]),
        mixed=st.booleans(),
        handled=st.booleans(),
    )
    def events_arrive(self, handled: bool, **way: Any) -> None:
        self.world.events_arrive(**way)
        if handled:
            self.world.handle()

    @rule()
    def time_passes(self) -> None:
        self.world.time_passes()

    # --- runs ---

    @rule(people=st.sampled_from([True, True, True, False]))
    def a_full_run(self, people: bool) -> None:
        self.world.full_run(people=people)

    @rule(path=st.sampled_from([LIST, LISTSUB]), nth=few)
    def a_run_is_cancelled(self, path: str, nth: int) -> None:
        self.world.cancelled_run(path, nth)

    @rule(point=st.sampled_from(POINTS), soon=st.booleans())
    def a_worker_dies(self, point: Point, soon: bool) -> None:
        self.world.dies(point, self.world.full_run)
        if soon:
            self.world.taken_over()

    @rule(point=st.sampled_from(NARROW_POINTS))
    def a_worker_dies_over_events(self, point: Point) -> None:
        self.world.dies(point, self.world.handle)

    @rule()
    def others_take_over(self) -> None:
        self.world.taken_over()

    @rule(agree=st.booleans())
    def an_administrator_decides(self, agree: bool) -> None:
        self.world.decide(agree=agree)

    @rule(status=st.sampled_from(["closed", "enabled"]))
    def somebody_closes_or_enables(self, status: str) -> None:
        self.world.set_status(status)

    # --- faults ---

    @rule(fault=faults, more=faults, both=st.booleans())
    def faults_come(self, fault: Fault, more: Fault, both: bool) -> None:
        self._add(fault, more) if both else self._add(fault)

    @rule(seed=seeds, fault=faults, ends=st.booleans())
    def a_run_meets_a_fault(self, seed: int, fault: Fault, ends: bool) -> None:
        self.world.happens(seed, 3)
        self._add(fault)
        self.world.full_run()
        if ends:
            self.world.simulator.faults.clear()

    @rule(seed=seeds, fault=faults)
    def events_meet_a_fault(self, seed: int, fault: Fault) -> None:
        self.world.happens(seed, 3)
        self._add(fault)
        self.events_arrive(handled=True, seed=seed, lost=0.0, copied=0.2, mixed=True)

    def _add(self, *faults: Fault) -> None:
        for name, path, often, times, seed in faults:
            self.world.simulator.faults.add(
                bearing(effects.NAMED[name]()),
                path,
                probability=often,
                times=times,
                seed=seed,
            )
            tally["faults"] += 1

    @rule(code=st.sampled_from(CODES), path=st.sampled_from([LIST, LISTSUB, GET]))
    def a_refusal(self, code: str, path: str) -> None:
        self.world.simulator.faults.add(effects.error(code), path, times=2)
        tally["faults"] += 1

    @rule(nth=few)
    def the_token_is_revoked(self, nth: int) -> None:
        simulator = self.world.simulator
        simulator.faults.before(LIST, nth, simulator.revoke_tokens)

    @rule(place=st.integers(0, 5))
    def the_range_is_narrow(self, place: int) -> None:
        known = self.world.company.real_departments()
        self.world.simulator.narrow({known[place % len(known)].id})
        tally["faults"] += 1

    @rule()
    def the_faults_end(self) -> None:
        self.world.simulator.faults.clear()
        self.world.simulator.narrow({1})

    # --- what is always true ---

    @invariant()
    def nobody_is_wronged(self) -> None:
        self.world.truth.judge()

    def teardown(self) -> None:
        """Always the same end: calm, and the directory is the company."""
        try:
            self.world.settles()
        finally:
            self.world.end()
