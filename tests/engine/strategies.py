"""Invented snapshots for the planner's properties."""

from hypothesis import strategies as st

from identity.connectors.records import (
    DepartmentRecord,
    EmployeeRecord,
    MembershipRecord,
    Snapshot,
)

ids = st.text("abcXYZ012一", min_size=1, max_size=3)
words = st.text("ab李é ", max_size=3)
targets = ("name", "mobile", "email", "attributes.Cost")

departments = st.dictionaries(
    ids, st.tuples(words, st.none() | ids, st.integers(0, 3)), max_size=5
).map(
    lambda found: tuple(
        DepartmentRecord(id, name, parent, order)
        for id, (name, parent, order) in sorted(found.items())
    )
)
values = st.dictionaries(
    st.sampled_from(targets), words.filter(bool), max_size=len(targets)
)
employees = st.dictionaries(ids, st.tuples(st.sampled_from(["u1", "u2"]), values)).map(
    lambda found: tuple(
        EmployeeRecord(userid, unionid, kept)
        for userid, (unionid, kept) in sorted(found.items())
    )
)
flags = st.tuples(st.integers(0, 2**62), st.booleans())
memberships = st.dictionaries(st.tuples(ids, ids), flags, max_size=6).map(
    lambda found: tuple(
        MembershipRecord(userid, department, order, leader)
        for (userid, department), (order, leader) in sorted(found.items())
    )
)
snapshots = st.builds(
    Snapshot, departments=departments, employees=employees, memberships=memberships
)
