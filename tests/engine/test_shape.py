"""Paths and head-counts of the tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.shape import chains, shapes

pytestmark = pytest.mark.alone

trees = st.dictionaries(
    st.sampled_from("abcdefgh"), st.none() | st.sampled_from("abcdefghx")
)


def test_paths_counts_and_children_of_a_small_company() -> None:
    parents = {"1": None, "5": "1", "6": "5", "7": "1"}
    found = shapes(parents, [(1, "1"), (2, "6"), (3, "6"), (3, "7"), (4, "5")])
    assert found["6"].path == "/1/5/6/"
    assert (found["1"].direct, found["1"].total) == (1, 4)
    assert (found["5"].direct, found["5"].total) == (1, 3)
    assert (found["7"].direct, found["7"].total) == (1, 1)
    assert [found[id].children for id in parents] == [2, 1, 0, 0]
    assert [found[id].depth for id in parents] == [0, 1, 2, 1]


def test_a_person_in_two_departments_of_a_subtree_counts_once_there() -> None:
    found = shapes({"1": None, "5": "1", "6": "1"}, [(9, "5"), (9, "6")])
    assert (found["1"].total, found["5"].total, found["6"].total) == (1, 1, 1)


@given(trees)
def test_cycles_and_missing_parents_end_and_keep_every_department(
    parents: dict[str, str | None],
) -> None:
    """F-44, F-45."""
    ways = chains(parents)
    assert ways.keys() == parents.keys()
    assert all(way[-1] == id and len(set(way)) == len(way) for id, way in ways.items())


def test_a_chain_of_two_thousand_departments_needs_no_recursion() -> None:
    """F-46."""
    parents = {str(n): str(n - 1) if n else None for n in range(2000)}
    assert len(chains(parents)["1999"]) == 2000
