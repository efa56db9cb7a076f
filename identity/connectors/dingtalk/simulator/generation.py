"""Invents a company: realistic names and shapes, and the odd ones a sync must stand.

Odd ones: a root member, somebody not activated, an enterprise account, an
access-restricted person, equal names, empty mobiles and e-mails, people in several
departments, a hidden department, and one with a negative id (home-school contacts).
"""

import random
from collections.abc import Iterator

from identity.connectors.dingtalk.simulator import names
from identity.connectors.dingtalk.simulator.identifiers import Identifiers
from identity.connectors.dingtalk.simulator.records import (
    ROOT,
    Department,
    Outsider,
    Person,
    Role,
)

ELSEWHERE = "dinge1sewherec0mpany"
"""The company of those who do not work here."""
HOME_SCHOOL = -7
DEEPEST = 6
DAY = 86_400_000
FIRST_HIRING = 1_400_000_000_000


class Generator:
    """Draws everything from one random stream, so that a seed gives one company."""

    def __init__(self, identifiers: Identifiers, seed: int) -> None:
        self._ids = identifiers
        self._random = random.Random(seed)  # noqa: S311 - invented data
        self._serial = 0

    def departments(self, count: int) -> Iterator[Department]:
        """`count` departments, at most six levels deep, and the home-school one."""
        depths, taken = {ROOT: 0}, {ROOT: list[str]()}
        shallow: list[int] = []
        for position in range(count):
            parent = self._parent(depths, shallow, len(taken[ROOT]), position)
            name = self._department_name(parent, taken[parent])
            made = Department(self._ids.department(), name, parent, len(taken[parent]))
            made.hidden = position % 50 == 6
            made.code = f"D{position:04d}" if position % 3 == 0 else ""
            taken[parent].append(name)
            depths[made.id], taken[made.id] = depths[parent] + 1, []
            if depths[made.id] < DEEPEST:
                shallow.append(made.id)
            yield made
        yield Department(HOME_SCHOOL, "家校通讯录", ROOT, len(taken[ROOT]))

    def roles(self) -> Iterator[Role]:
        """A few role groups."""
        number = 0
        for group, (group_name, titles) in enumerate(names.ROLE_GROUPS, start=1):
            for title in titles:
                number += 1
                yield Role(21_000 + number, title, 1100 + group, group_name)

    def people(self, count: int, departments: list[Department]) -> list[Person]:
        """`count` people, spread over the departments."""
        places = [item.id for item in departments if item.real and item.id != ROOT]
        made = [self._person(places or [ROOT]) for _ in range(count)]
        self._odd_ones(made)
        self._managers(made, departments)
        return made

    def outsiders(self) -> Iterator[Outsider]:
        """Two who can log on to DingTalk but do not work here."""
        _, unionid = self._ids.person()
        name = "Stranger of another company"
        yield Outsider(unionid, name, "", "13000000001", ELSEWHERE)
        userid, unionid = self._ids.person()
        yield Outsider(unionid, "外部联系人", userid, "13000000002", ELSEWHERE)

    def _parent(
        self, depths: dict[int, int], shallow: list[int], tops: int, position: int
    ) -> int:
        if tops < min(len(names.DIVISIONS), 3 + position // 12):
            return ROOT
        if position < 8:
            # Even the smallest company shall have some depth.
            return max(shallow, key=lambda number: depths[number] % 4)
        return self._random.choice(shallow)

    def _department_name(self, parent: int, taken: list[str]) -> str:
        pool = names.DIVISIONS if parent == ROOT else names.UNITS
        free = [name for name in pool if name not in taken]
        if free:
            return free[0] if parent == ROOT else self._random.choice(free)
        return f"{self._random.choice(pool)} {len(taken) + 1}"

    def _person(self, places: list[int]) -> Person:
        self._serial += 1
        userid, unionid = self._ids.person()
        name, latin = self._name()
        chosen = [self._random.choice(places)]
        if self._random.random() < 0.08:
            chosen.append(self._random.choice(places))
        person = Person(
            userid, unionid, name, {n: self._ids.order() for n in dict.fromkeys(chosen)}
        )
        self._contact(person, latin)
        self._work(person)
        return person

    def _name(self) -> tuple[str, str]:
        pick = self._random.choice
        if self._random.random() < 0.7:
            surname = pick(list(names.SURNAMES))
            given = [
                pick(list(names.GIVEN)) for _ in range(self._random.choice((1, 2, 2)))
            ]
            latin = "".join(names.GIVEN[letter] for letter in given)
            return surname + "".join(given), f"{latin}.{names.SURNAMES[surname]}"
        first, last = pick(names.FIRST), pick(names.LAST)
        latin = "".join(c for c in f"{first}.{last}" if c.isascii() and c not in "' -")
        return f"{first} {last}", latin.lower()

    def _contact(self, person: Person, latin: str) -> None:
        chance = self._random.random
        prefix = names.PREFIXES[self._serial % len(names.PREFIXES)]
        person.mobile = f"{prefix}{self._serial:08d}" if chance() < 0.96 else ""
        if chance() < 0.03:
            person.state_code, person.mobile = "65", f"8{self._serial:07d}"
        if chance() < 0.85:
            person.email = f"{latin}{self._serial}@example.test"
        if chance() < 0.3:
            person.org_email = f"{latin}.{self._serial}@mail.example.test"
        if chance() < 0.2:
            person.telephone = f"0571-8800{self._serial % 10000:04d}"
        if chance() < 0.4:
            person.avatar = f"https://static.dingtalk.com/media/{person.unionid}.jpg"
        person.hide_mobile = chance() < 0.03

    def _work(self, person: Person) -> None:
        pick, chance = self._random.choice, self._random.random
        person.job_number = f"E{self._serial:06d}" if chance() < 0.9 else ""
        person.title = pick(names.TITLES) if chance() < 0.85 else ""
        person.work_place = pick(names.PLACES) if chance() < 0.6 else ""
        person.remark = pick(names.REMARKS) if chance() < 0.1 else ""
        if chance() < 0.9:
            person.hired_at = FIRST_HIRING + self._random.randrange(4000) * DAY
        if chance() < 0.6:
            person.extension["CostCentre"] = f"C{self._random.randrange(1, 40)}"
        if chance() < 0.3:
            person.extension["工位"] = f"{pick('ABCD')}{self._random.randrange(1, 300)}"

    def _odd_ones(self, people: list[Person]) -> None:
        """The first few are made odd, so that each kind exists in any company."""
        everyone = dict(enumerate(people))
        if owner := everyone.get(0):
            owner.departments = {ROOT: self._ids.order()}
            owner.admin = owner.boss = True
            owner.state_code, owner.mobile = "86", "13900000001"
        if idle := everyone.get(1):
            idle.active = False
            idle.state_code, idle.mobile = "86", "13900000002"
        if special := everyone.get(2):
            special.login_id = f"{special.job_number or 'e'}@example"
            special.nickname, special.mobile = special.name, ""
        if restricted := everyone.get(3):
            restricted.restricted = True
        if (namesake := everyone.get(4)) and owner:
            namesake.name = owner.name
        if silent := everyone.get(5):
            silent.mobile = silent.email = silent.org_email = ""
        if parent := everyone.get(6):
            parent.departments[HOME_SCHOOL] = self._ids.order()

    def _managers(self, people: list[Person], departments: list[Department]) -> None:
        """The first member of most departments leads it and manages the others."""
        heads: dict[int, Person] = {}
        by_id = {item.id: item for item in departments}
        for person in people:
            for number in person.departments:
                if number > 0 and number not in heads:
                    heads[number] = person
                    if number % 7:
                        person.leads.append(number)
                        by_id[number].managers.append(person.userid)
            head = heads[next(iter(person.departments))]
            if head is not person:
                person.manager_userid = head.userid
            if self._random.random() < 0.1:
                person.roles.append(self._random.randrange(21_001, 21_010))
