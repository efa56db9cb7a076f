"""I-20: whatever stands in an address, the answer is a page or a 404, never a 500."""

from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import IdentityProvider
from sync.models import Department
from sync.org.people import PeopleCursor
from sync.views import parameters
from tests import builders

pytestmark = pytest.mark.django_db

ODD: list[str | bytes] = [
    "",
    "abc",
    "-1",
    "0",
    "1e9",
    "9" * 18,
    "9" * 19,
    "9" * 5000,
    "١٢٣",
    "\0",
    "a\0b",
    "\ud800".encode("utf-8", "surrogatepass"),
    "%",
    "_",
    "(a+)+$",
    "' OR 1=1 --",
    "x" * 10_000,
    "张" * 10_000,
    "[" * 1000,
    "bnVsbA",
    "W10",
    "WyJhY3RpdmUiLCJ4IiwtMV0",
    "WyJhY3RpdmUiLCJcdWQ4MDAiLDFd",
    "WyJhY3RpdmUiLCJcdTAwMDAiLDFd",
    "W1siYSJdLCJ4IiwxXQ",
    "WyJhIiwieCIsMTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDBd",
]
READ = {
    "{directory}?": [
        "idp",
        "dept",
        "q",
        "status",
        "after",
        "tab",
        "sort",
        "title",
        "user",
    ],
    "{directory}?dept={root}&sub=1&": ["q", "after", "sub"],
    "{directory}?dept={root}&tab=departments&": ["after", "page"],
    "{branch}?idp={idp}&": ["under", "after", "skip", "sub"],
    "{branches}?idp={idp}&": ["of", "sub"],
    "{employee}?": ["before"],
    "{runs}?": ["idp", "state", "before", "events"],
    "{events}?": ["idp", "state", "kind", "before"],
    "{run}?": ["entity", "kind", "after"],
    "{progress}?": ["say"],
}
"""Pages and the parameters that they read, and some that they do not."""


@pytest.fixture
def fields(idp: IdentityProvider) -> dict[str, object]:
    """What an address of READ is made from: a small company."""
    root = builders.company(idp, people=3, departments=3)
    person = builders.employee(idp, "u1", departments=[root])
    run = builders.run(idp)
    builders.change(run, "employee", "update", "u1", before={}, after={})
    return {
        "idp": idp.pk,
        "root": root.pk,
        "directory": reverse("sync:directory"),
        "branch": reverse("sync:branch"),
        "branches": reverse("sync:branches"),
        "employee": reverse("sync:employee", args=[person.pk]),
        "runs": reverse("sync:runs"),
        "events": reverse("sync:events"),
        "run": reverse("sync:run", args=[run.pk]),
        "progress": reverse("sync:progress", args=[run.pk]),
    }


@pytest.mark.parametrize(
    ("page", "name"), [(page, name) for page, names in READ.items() for name in names]
)
def test_an_odd_parameter_never_breaks_a_page(
    console: Client, fields: dict[str, object], page: str, name: str
) -> None:
    for value in ODD:
        response = console.get(f"{page.format(**fields)}{name}={quote(value)}")
        assert response.status_code in (200, 286, 404), value[:20]


@pytest.mark.parametrize("odd", ["garbage", "bnVsbA", "W10", "[" * 1000])
def test_a_cursor_that_is_none_begins_the_list(
    console: Client, root: Department, odd: str
) -> None:
    directory = reverse("sync:directory")
    first = console.get(f"{directory}?after={quote(odd)}").content.decode()
    assert first.count("sb-row-link") == 40


@pytest.mark.parametrize(
    "cursor",
    [
        PeopleCursor("active", 0, "张 三", 7),
        PeopleCursor("left", 1, "", 1),
        PeopleCursor("active", 0, "𠮷" * 200, 10**17),
    ],
)
def test_a_cursor_survives_its_way_through_an_address(
    rf: object, cursor: PeopleCursor
) -> None:
    word = parameters.write_cursor(cursor)
    assert quote(word) == word
    request = rf.get("/", {"after": word})  # type: ignore[attr-defined]
    assert parameters.read_cursor(request) == cursor


@pytest.mark.parametrize("name", ["dept", "under", "after"])
def test_a_department_of_another_idp_is_not_found(
    console: Client, root: Department, name: str
) -> None:
    other = builders.idp("Other")
    foreign = builders.department(other, "1", "Foreign")
    for path in ("directory", "branch"):
        address = f"{reverse(f'sync:{path}')}?idp={root.idp_id}&tab=departments&{name}="
        known = name != "under" or path == "branch"
        if known and not (path == "branch" and name == "dept"):
            assert console.get(f"{address}{root.pk}").status_code == 200
            assert console.get(f"{address}{foreign.pk}").status_code == 404


@pytest.mark.parametrize(
    "name", [str(UUID(int=7)), "not-a-uuid", "1", "'", str(UUID(int=0))]
)
def test_an_unknown_idp_is_not_found(
    console: Client, root: Department, name: str
) -> None:
    for page in ("directory", "branch", "runs"):
        response = console.get(f"{reverse(f'sync:{page}')}?idp={quote(name)}")
        assert response.status_code == 404


@pytest.mark.parametrize("key", [0, 987654321, 10**18 - 1, 10**25])
def test_unknown_keys_in_a_path_are_not_found(console: Client, key: int) -> None:
    for page in ("department", "employee", "run", "progress"):
        assert console.get(reverse(f"sync:{page}", args=[key])).status_code == 404
    assert console.post(reverse("sync:cancel", args=[key])).status_code == 404
    assert console.get(f"/directory/u/{'9' * 5000}/").status_code == 404


def test_what_belongs_to_a_draft_is_not_found(console: Client) -> None:
    draft = builders.idp(draft=True)
    department = builders.department(draft, "1")
    person = builders.employee(draft, "u1")
    for address in (
        reverse("sync:department", args=[department.pk]),
        reverse("sync:employee", args=[person.pk]),
        f"{reverse('sync:branch')}?idp={draft.pk}",
    ):
        assert console.get(address).status_code == 404
    assert console.post(reverse("sync:start", args=[draft.pk])).status_code == 404


def test_a_search_text_is_one_line_of_at_most_100_characters(rf: object) -> None:
    request = rf.get("/", {"q": "  a\n\tb\0\u200b  " + "x" * 10_000})  # type: ignore[attr-defined]
    text = parameters.text(request, "q")
    assert text.startswith("a b x")
    assert len(text) == 100
