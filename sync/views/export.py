"""The list of people as it is shown, as a file for spreadsheets: all pages of it."""

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from identity import audit
from identity.access import console_users
from sync.org.departments import Lineage, lineage, placed, trails
from sync.org.people import People, PeopleQuery, count, people
from sync.org.person import private_fields
from sync.spreadsheet import BYTE_ORDER_MARK, Line, harmless
from sync.views import asked, parameters
from sync.views.veil import Veil

if TYPE_CHECKING:
    from identity.access import ConsoleRequest

PAGE = 1000
"""People read at a time."""
PLACES = 100
"""Departments of a person in the file."""


@require_safe
@console_users
def export(request: "ConsoleRequest") -> StreamingHttpResponse:
    """Everybody whom the filters of the address show, in the order of the list.

    Each reader gets what the page shows: staff get no whole mobile. The audit line is
    there before the first person leaves.
    """
    idp = parameters.chosen_idp(request, parameters.idps())
    if idp is None:
        raise Http404("no IdP named")
    wanted = asked.read(request, idp)
    veil = Veil(request.user, private_fields(idp))
    query, way = wanted.query(hidden=veil.down), lineage(idp, wanted.department)
    audit.record(
        "directory.export",
        by=request.user,
        target=idp,
        detail={"filters": wanted.filters(), "rows": count(query, way)},
        request=request,
    )
    name = f"{idp} {timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        _lines(query, way, veil),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, name) or ""},
    )


def _lines(query: PeopleQuery, way: Lineage, veil: Veil) -> Iterator[str]:
    """The file, a line at a time, read page by page."""
    write = csv.writer(Line()).writerow
    yield BYTE_ORDER_MARK + write(_head())
    after, first = None, True
    while after or first:
        page = people(query, way, after, size=PAGE, places=PLACES)
        for row in _rows(query, page, veil):
            yield write([harmless(cell) for cell in row])
        after, first = page.after, False


def _head() -> list[str]:
    return [
        _("Name"),
        _("Title"),
        _("Departments"),
        _("Mobile"),
        _("E-mail"),
        _("Job number"),
        _("Status"),
    ]


def _rows(query: PeopleQuery, page: People, veil: Veil) -> Iterator[list[str]]:
    """A page of people as cells, as this reader may see them."""
    held = [department for person in page.rows for department in person.departments]
    names = trails(query.idp, held)
    for person in page.rows:
        row = person.employee
        places = (placed(department, names) for department in person.departments)
        yield [
            *(
                veil.value(key, getattr(row, key), row.mobile)
                for key in ("name", "title")
            ),
            "; ".join(
                " › ".join((*(step.name for step in each.way), each.department.name))
                for each in places
            ),
            veil.value("mobile", row.mobile),
            veil.value("email", row.email, row.mobile),
            veil.value("job_number", row.job_number, row.mobile),
            row.get_status_display(),
        ]
