"""What happens in a company in a week, at random and the same for the same seed."""

import random
from collections.abc import Callable, Sequence

from identity.connectors.dingtalk.simulator.company import Company, Impossible
from identity.connectors.dingtalk.simulator.records import Person

MOST_LEAVERS = 4
"""People who lose their row between two syncs; the guard lets five go unasked."""


class Churn:
    """Changes a company; each method is one kind of change, `acts` those that happen."""

    def __init__(
        self, company: Company, seed: int, acts: "Sequence[Act] | None" = None
    ) -> None:
        self.acts = acts or ACTS
        self.company = company
        self.chance = random.Random(seed)
        self.gone: list[Person] = []
        self.done: set[str] = set()
        self._losses = 0

    def week(self, steps: int) -> None:
        """So many changes; what DingTalk's console would refuse does not happen."""
        self._losses = 0
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One change."""
        act = self.chance.choice(self.acts)
        try:
            act(self)
        except Impossible:
            return
        self.done.add(act.__name__)

    # --- who and where ---

    def _someone(self) -> str:
        return self.chance.choice(sorted(self.company.people))

    def _place(self) -> int:
        return self.chance.choice([d.id for d in self.company.real_departments()])

    def _places(self) -> list[int]:
        known = [d.id for d in self.company.real_departments()]
        return self.chance.sample(known, min(len(known), self.chance.randint(1, 3)))

    def _lose(self) -> None:
        if self._losses >= MOST_LEAVERS:
            raise Impossible("enough people left this week")
        self._losses += 1

    # --- people ---

    def hire(self) -> None:
        number = self.chance.randrange(10**6)
        self.company.hire(
            f"新{number}",
            *self._places(),
            mobile=f"137{number:08d}",
            org_email=f"n{number}@example.test",
            hired_at=self.chance.randrange(10**12, 2 * 10**12),
            active=self.chance.random() < 0.5,
        )

    def leave(self) -> None:
        self._lose()
        self.gone.append(self.company.let_go(self._someone()))

    def rehire(self) -> None:
        """Somebody who left comes back, to another place."""
        if not self.gone:
            raise Impossible("nobody has left yet")
        back = self.gone.pop(self.chance.randrange(len(self.gone)))
        self.company.hire(
            "Back again", *self._places(), userid=back.userid, unionid=back.unionid
        )

    def hand_on(self) -> None:
        """Somebody leaves, and a new person gets the userid."""
        self._lose()
        old = self.company.let_go(self._someone())
        self.company.hire("Successor", *self._places(), userid=old.userid)

    def move(self) -> None:
        self.company.move(self._someone(), *self._places())

    def rename(self) -> None:
        self.company.rename(self._someone(), f"名{self.chance.randrange(99)}")

    def update(self) -> None:
        """Any field gets a value or loses it."""
        field = self.chance.choice(
            ["title", "email", "org_email", "work_place", "remark", "job_number"]
        )
        value = self.chance.choice(["", "", f"V{self.chance.randrange(99)}"])
        self.company.update(self._someone(), **{field: value})

    def swap_mobiles(self) -> None:
        one, two = self._someone(), self._someone()
        mobiles = [self.company.people[userid].mobile for userid in (two, one)]
        for userid, mobile in zip((one, two), mobiles, strict=True):
            self.company.update(userid, mobile=mobile)

    def hide(self) -> None:
        """Not activated, or hidden in one of the ways that DingTalk has: still here."""
        flag = self.chance.choice(["active", "hide_mobile", "restricted", "senior"])
        someone = self._someone()
        present = getattr(self.company.people[someone], flag)
        self.company.update(someone, **{flag: not present})

    def promote(self) -> None:
        someone = self._someone()
        place = self.chance.choice(sorted(self.company.people[someone].departments))
        leads = place in self.company.people[someone].leads
        self.company.lead(someone, place, not leads)

    def reorder(self) -> None:
        """Another place in a department's list."""
        person = self.company.people[self._someone()]
        place = self.chance.choice(sorted(person.departments))
        self.company.unlist(person)
        person.departments[place] = self.company.identifiers.order()
        self.company.enlist(person)

    # --- departments ---

    def add_department(self) -> None:
        self.company.add_department(f"D{self.chance.randrange(999)}", self._place())

    def rename_department(self) -> None:
        """The root too, which is the company's name."""
        self.company.rename_department(
            self._place(), f"R{self.chance.randrange(10**6)}"
        )

    def move_department(self) -> None:
        self.company.move_department(self._place(), self._place())

    def shuffle_departments(self) -> None:
        self.chance.shuffle(self.company.below.get(self._place(), []))

    def remove_department(self) -> None:
        self.company.remove_department(self._place())

    def dissolve_department(self) -> None:
        """Its people go elsewhere, then it is closed with all below it."""
        doomed = self._place()
        below = self.company.subtree([doomed])
        if doomed == 1 or len(below) > 3:
            raise Impossible("too large to be closed")
        haven = next(d.id for d in self.company.real_departments() if d.id not in below)
        for person in [p for n in below for p in self.company.members(n)]:
            left = [n for n in person.department_ids if n not in below]
            self.company.move(person.userid, *(left or [haven]))
        self.company.remove_department(doomed)


Act = Callable[[Churn], None]
ACTS: tuple[Act, ...] = (
    *(Churn.hire, Churn.leave, Churn.rehire, Churn.hand_on, Churn.move, Churn.rename),
    *(Churn.update, Churn.swap_mobiles, Churn.hide, Churn.promote, Churn.reorder),
    *(Churn.add_department, Churn.rename_department, Churn.move_department),
    *(Churn.shuffle_departments, Churn.remove_department, Churn.dissolve_department),
)
