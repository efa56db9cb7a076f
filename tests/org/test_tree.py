"""The tree: branches, ways, and departments by name."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.models import IdentityProvider
from sync.models import Department
from sync.org.departments import (
    BRANCH,
    Branch,
    Lineage,
    Node,
    below,
    children,
    lineage,
    matching_departments,
    placed,
    trails,
    tree,
)
from tests import builders

pytestmark = pytest.mark.django_db


def names(branch: Branch | None) -> list[str]:
    """What a branch shows, in turn."""
    return [node.department.name for node in branch.nodes] if branch else []


def node_of(branch: Branch, name: str) -> Node:
    """The node of this name in a branch."""
    return next(node for node in branch.nodes if node.department.name == name)


def test_without_a_choice_the_root_is_open_and_nothing_else() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "2", "Sales", root, order=1)
    builders.department(idp, "3", "Asia", sales)
    builders.department(idp, "4", "Legal", root, order=0)

    top, way_there = tree(idp, None)

    assert names(top) == ["Acme"]
    assert names(top.nodes[0].branch) == ["Legal", "Sales"]
    assert node_of(top.nodes[0].branch or top, "Sales").branch is None
    assert not top.nodes[0].selected
    assert way_there.trail == ()


def test_the_way_to_the_chosen_department_is_open_and_its_branches_shown() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "2", "Sales", root)
    asia = builders.department(idp, "3", "Asia", sales)
    builders.department(idp, "4", "Japan", asia)
    legal = builders.department(idp, "5", "Legal", root, order=9)
    builders.department(idp, "6", "Patents", legal)

    top, way_there = tree(idp, asia)

    second = top.nodes[0].branch
    assert second
    third = node_of(second, "Sales").branch
    assert third
    chosen = node_of(third, "Asia")
    assert chosen.selected
    assert names(chosen.branch) == ["Japan"]
    assert node_of(second, "Legal").branch is None
    assert [step.name for step in way_there.trail] == ["Acme", "Sales", "Asia"]


def test_every_node_knows_its_level_its_place_and_how_many_siblings_it_has() -> None:
    """U31: branches are lazy, so the browser cannot count them."""
    idp = builders.idp()
    root = builders.department(idp, "1")
    for number in range(3):
        builders.department(idp, f"5{number}", parent=root, order=number)

    branch = tree(idp, root)[0].nodes[0].branch

    assert branch
    assert [(n.level, n.position, n.siblings) for n in branch.nodes] == [
        (2, 1, 3),
        (2, 2, 3),
        (2, 3, 3),
    ]


def test_a_branch_shows_200_and_says_that_more_follow() -> None:
    idp = builders.idp()
    root = wide_root(idp, BRANCH + 30)

    branch = tree(idp, root)[0].nodes[0].branch

    assert branch
    assert len(branch.nodes) == BRANCH
    assert branch.nodes[-1].siblings == BRANCH + 30
    assert branch.more == branch.nodes[-1].department
    rest = children(idp, root, after=branch.more)
    assert [node.position for node in rest.nodes] == list(range(201, 231))
    assert {node.siblings for node in rest.nodes} == {BRANCH + 30}
    assert rest.more is None


def test_a_chosen_department_beyond_the_first_200_is_shown_and_not_shown_twice() -> (
    None
):
    idp = builders.idp()
    root = wide_root(idp, BRANCH + 30)
    chosen = Department.objects.get(idp=idp, source_id="10215")

    branch = tree(idp, chosen)[0].nodes[0].branch

    assert branch
    assert branch.skip == chosen
    assert branch.nodes[-1].selected
    assert branch.nodes[-1].position == 216
    assert branch.more == branch.nodes[BRANCH - 1].department
    rest = children(idp, root, after=branch.more, skip=chosen.pk)
    shown = names(branch) + names(rest)
    assert len(shown) == len(set(shown)) == BRANCH + 30


def test_children_with_equal_order_are_paged_without_a_gap_or_a_repeat() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1")
    for number in range(7):
        builders.department(idp, f"5{number}", parent=root, order=number // 3)
    seen: list[str] = []
    after = None
    while True:
        page = children(idp, root, after=after, size=2)
        seen += names(page)
        after = page.more
        if after is None:
            break
    assert seen == [f"Department 5{number}" for number in range(7)]


def test_departments_whose_parents_are_out_of_range_are_tops() -> None:
    idp = builders.idp()
    builders.department(idp, "7", "B", order=1, total=3)
    builders.department(idp, "8", "A", order=0, total=4)
    Department.objects.filter(idp=idp).update(parent_source_id="gone")

    top, way_there = tree(idp, None)

    assert names(top) == ["A", "B"] == names(children(idp, None))
    assert [(n.position, n.siblings) for n in top.nodes] == [(1, 2), (2, 2)]
    assert way_there.company == 7


def test_another_idps_departments_are_not_in_the_tree() -> None:
    mine, theirs = builders.idp("Mine"), builders.idp("Theirs")
    root = builders.department(mine, "1", "Mine")
    foreign = builders.department(theirs, "1", "Theirs")
    builders.department(theirs, "2", "Secret lab", foreign)

    assert names(tree(mine, root)[0]) == ["Mine"]
    assert tree(mine, root)[0].nodes[0].branch is None
    assert names(children(mine, root)) == []


def test_a_subtree_is_a_range_of_paths_that_no_similar_id_slips_into() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1")
    wanted = builders.department(idp, "50", parent=root)
    child = builders.department(idp, "9", parent=wanted)
    builders.department(idp, "501", parent=root)
    builders.department(idp, "5", parent=root)
    builders.department(idp, "5-", parent=root)

    assert set(below(wanted)) == {wanted, child}


def test_the_lineage_says_how_big_the_company_is_and_whether_a_branch_is_wide() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1", total=1000)
    small = builders.department(idp, "2", parent=root, total=49)
    large = builders.department(idp, "3", parent=root, total=50)

    assert lineage(idp, small) == Lineage((root, small), 1000)
    assert not lineage(idp, small).wide
    assert lineage(idp, large).wide
    assert lineage(idp, root).wide
    assert lineage(idp, None) == Lineage((), 1000)


def test_ways_to_departments_are_names_from_the_top() -> None:
    idp = builders.idp()
    root = builders.department(idp, "1", "Acme")
    sales = builders.department(idp, "2", "Sales", root)
    asia = builders.department(idp, "3", "Asia", sales)

    names_by_id = trails(idp, [asia, root])

    steps = placed(asia, names_by_id).way
    assert [step.name for step in steps] == ["Acme", "Sales"]
    assert steps[1].pk == sales.pk
    assert placed(root, names_by_id).way == ()


def test_departments_are_found_by_a_part_of_the_name_the_largest_first() -> None:
    idp = builders.idp()
    builders.department(idp, "2", "华东销售部", total=3)
    builders.department(idp, "3", "销售", total=9)
    builders.department(idp, "4", "法务", total=20)
    builders.department(builders.idp("Other"), "2", "销售", total=99)

    assert [d.source_id for d in matching_departments(idp, "销售")] == ["3", "2"]


@pytest.mark.parametrize("size", [10, 1000])
def test_the_tree_is_one_query_however_many_departments_there_are(size: int) -> None:
    """Design 7: constant, and nothing is computed per node."""
    idp = builders.idp()
    root = wide_root(idp, size)
    with CaptureQueriesContext(connection) as queries:
        tree(idp, root)
    assert len(queries) == 1


def wide_root(idp: IdentityProvider, size: int) -> Department:
    """A root with `size` children in one go."""
    root = builders.department(idp, "1", children=size)
    Department.objects.bulk_create(
        Department(
            idp=root.idp,
            source_id=str(10000 + number),
            name=f"Team {number}",
            parent_source_id="1",
            order=number,
            path=f"/1/{10000 + number}/",
            depth=1,
        )
        for number in range(size)
    )
    return root
