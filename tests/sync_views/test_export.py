"""U34: filters as chips, and the list as it is shown as a file."""

import csv
import io
import re
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import AuditEvent
from sync.models import Department, Employee
from tests import builders
from tests.sync_views.reading import links, pane, read, words
from tests.sync_views.test_directory import HERE, people_in

pytestmark = pytest.mark.django_db


def rows_of(client: Client, query: str) -> list[dict[str, str]]:
    """The lines of the file that a list with this query gives."""
    response = client.get(f"{reverse('sync:export')}?{query}")
    assert response.status_code == 200
    raw = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


def shown(client: Client, query: str) -> list[str]:
    """The names that all pages of a list show."""
    names, link = [], f"?{query}"
    while link:
        source = read(client, f"{HERE}{link}")
        names += people_in(source)
        following = re.findall(r'rel="next" href="([^"]+)"', source)
        link = following[0].replace("&amp;", "&") if following else ""
    return names


@pytest.fixture
def queries(root: Department, person: Employee) -> list[str]:
    """Lists of one page and of several, with every filter."""
    for number in range(70):
        values = {"title": "HR", "email": "" if number % 2 else f"e{number}@x.test"}
        builders.employee(
            root.idp, f"x{number}", f"Extra {number:03}", [root], **values
        )
    builders.employee(root.idp, "gone", "Gone", status="left")
    builders.recount(root.idp)
    idp = f"idp={root.idp_id}"
    return [
        idp,
        f"{idp}&dept={root.pk}",
        f"{idp}&dept={root.pk}&sub=1&status=any",
        f"{idp}&q=z",
        f"{idp}&q=extra&no_email=1",
        f"{idp}&title=HR",
        f"{idp}&no_mobile=1",
        f"{idp}&status=left",
        f"{idp}&q=nobody-at-all",
    ]


def test_the_file_holds_what_all_pages_show_in_the_same_order(
    console: Client, queries: list[str]
) -> None:
    lengths = []
    for query in queries:
        names = [row["Name"] for row in rows_of(console, query)]
        assert names == shown(console, query), query
        lengths.append(len(names))
    assert max(lengths) > 100
    assert lengths[-1] == 0
    assert len(set(lengths)) > 5


def test_the_page_offers_the_file_of_its_own_filters(
    console: Client, queries: list[str]
) -> None:
    for query in queries:
        offered = [
            link
            for link in links(pane(console, f"{HERE}?{query}"))
            if link.startswith(reverse("sync:export"))
        ]
        assert len(offered) == 1
        response = console.get(offered[0])
        rows = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        assert len(list(csv.reader(io.StringIO(rows)))) - 1 == len(
            rows_of(console, query)
        )


def test_an_audit_line_says_who_took_which_list_and_how_many(
    staff_console: Client, queries: list[str], root: Department
) -> None:
    rows = rows_of(staff_console, queries[4])
    line = AuditEvent.objects.get(action="directory.export")
    assert line.detail == {
        "filters": {"q": "extra", "no_email": "1"},
        "rows": len(rows),
    }
    assert (line.target_type, line.target_id) == (
        "identityprovider",
        str(root.idp_id),
    )
    assert line.actor is not None


def test_the_file_is_named_after_the_idp_and_the_day(
    console: Client, root: Department
) -> None:
    root.idp.name = "总部"
    root.idp.save()
    response = console.get(f"{reverse('sync:export')}?idp={root.idp_id}")
    disposition = unquote(response["Content-Disposition"])
    assert f"总部 {timezone.localdate():%Y-%m-%d}.csv" in disposition
    assert disposition.startswith("attachment")


def test_no_cell_computes(console: Client, root: Department) -> None:
    builders.employee(
        root.idp, "evil", '=HYPERLINK("http://x")', [root], title="+1", email="@sum"
    )
    (row,) = [r for r in rows_of(console, f"idp={root.idp_id}") if "HYPER" in r["Name"]]
    assert row["Name"].startswith("'=")
    assert (row["Title"], row["E-mail"]) == ("'+1", "'@sum")


def test_staff_get_no_whole_mobile_in_any_cell(
    staff_console: Client, console: Client, root: Department, person: Employee
) -> None:
    """Nor what a mapping feeds from the mobile."""
    source = next(
        field.key
        for field in root.idp.connector_class.source_fields()
        if field.default_target == "mobile"
    )
    name = next(
        field.key
        for field in root.idp.connector_class.source_fields()
        if field.default_target == "name"
    )
    root.idp.mapping = [
        {"target": "name", "sources": [name]},
        {"target": "mobile", "sources": [source]},
        {"target": "title", "sources": [source]},
    ]
    root.idp.save()
    person.title, person.email = "13900001111", "13900001111@example.test"
    person.job_number = "13900001111"
    person.save()
    query = f"idp={root.idp_id}&q=张三丰"
    (masked,) = rows_of(staff_console, query)
    (whole,) = rows_of(console, query)
    assert "13900001111" not in "".join(masked.values())
    assert masked["Mobile"] == "139****1111"
    assert whole["Mobile"] == whole["Title"] == "13900001111"
    assert "13900001111" not in pane(staff_console, f"{HERE}?{query}")


def test_every_filter_without_a_switch_is_a_chip_that_takes_itself_away(
    console: Client, root: Department, person: Employee
) -> None:
    query = (
        f"idp={root.idp_id}&dept={root.pk}&sub=1&status=any&q=z&title=HR"
        "&no_email=1&no_mobile=1"
    )
    source = pane(console, f"{HERE}?{query}")
    chips = re.findall(
        r'<a class="sb-filter" href="([^"]+)"[^>]*><bdi>(.*?)</bdi>', source
    )
    # What the two switches say is not said again.
    assert [label for _, label in chips] == [
        *("“z”", "Title: HR", "No e-mail", "No mobile")
    ]
    assert len(re.findall(r'aria-current="true"[^>]*>(With sub-|Any st)', source)) == 2
    for link, label in chips:
        fewer = pane(console, link.replace("&amp;", "&"))
        assert f"<bdi>{label}</bdi>{'<svg'}" not in fewer
        assert fewer.count('class="sb-filter"') == len(chips) - 1
    assert 'class="sb-filter"' not in pane(console, f"{HERE}?idp={root.idp_id}")


def test_filters_that_leave_nobody_say_so_and_can_be_removed(
    console: Client, root: Department
) -> None:
    """U35."""
    shown_words = words(pane(console, f"{HERE}?idp={root.idp_id}&title=Nobody"))
    assert "Nobody here is left by the filters" in shown_words
    assert "Remove the filters" in shown_words


def test_what_was_searched_for_is_marked_and_stays_text(
    console: Client, root: Department, person: Employee
) -> None:
    """U32."""
    builders.employee(root.idp, "b", "<b>三</b>", [root])
    source = pane(console, f"{HERE}?q=三")
    assert "张<mark>三</mark>丰" in source
    assert "&lt;b&gt;<mark>三</mark>&lt;/b&gt;" in source
    assert "<mark>Grand</mark>master" in pane(
        console, f"{HERE}?q=grand".replace("grand", "Grand")
    )
    assert "<mark>张三丰</mark>" in pane(console, f"{HERE}?q=zsf")
    assert "张三丰" in pane(console, f"{HERE}?q=zsf")


def test_a_department_of_that_name_is_told_where_no_person_is(
    console: Client, root: Department
) -> None:
    """U32: no one is called X; n departments are."""
    builders.department(root.idp, "900", "采购 east", root)
    builders.department(root.idp, "901", "采购 west", root)
    said = words(pane(console, f"{HERE}?q=cg"))
    assert "No one is called “cg”; 2 departments are" in said
    link = next(x for x in links(pane(console, f"{HERE}?q=cg")) if "dept=" in x)
    opened = read(console, link)
    assert 'aria-selected="true" data-name="采购' in opened
