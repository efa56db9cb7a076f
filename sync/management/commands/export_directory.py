"""`manage.py export_directory`: the synced directory as JSON or CSV, streamed."""

import csv
import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

from django.core.management.base import (
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)
from django.db.models import Prefetch

from identity.management.steady import SteadyCommand
from identity.models import IdentityProvider
from sync.models import Department, Employee, Membership
from sync.spreadsheet import BYTE_ORDER_MARK, harmless

Row = dict[str, Any]

PLAIN = ("userid", "unionid", "name", "status", "mobile", "email", "title")
COLUMNS = (*PLAIN, "job_number", "departments", "manager_userid", "attributes")
CHUNK = 2000

EPILOG = """\
JSON holds departments and employees:

  {"idp": "...",
   "departments": [{"id": "501001", "name": "...", "parent_id": "1", "order": 0}],
   "employees": [{"userid": "...", "unionid": "...", "name": "...",
     "status": "active|left|out_of_scope", "mobile": "...", "email": "...",
     "title": "...", "job_number": "...", "departments": ["501001"],
     "manager_userid": "...", "attributes": {}}]}

CSV holds the employees, a line each, for spreadsheets: UTF-8 with a byte order mark,
department ids separated by a space. A cell that a spreadsheet would take for a formula
gets an apostrophe in front.

Ids are text. Departments are ordered by id and employees by userid, as text.

  manage.py export_directory "Head office" > directory.json
  manage.py export_directory "Head office" --format csv --all > everyone.csv

Exit code: 0 written, 1 failed, 2 wrong use or no such IdP.
"""


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the examples."""


class Command(SteadyCommand):
    """Reads rows in chunks and writes each at once, so that size does not matter."""

    help = "Print the synced directory of an IdP."

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        """The usual parser with the examples below it."""
        kwargs |= {"epilog": EPILOG, "formatter_class": HelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("idp", help="the IdP's name or public id")
        parser.add_argument("--format", choices=("json", "csv"), default="json")
        parser.add_argument(
            "--all",
            action="store_true",
            help="people who left or are out of scope too, not only active ones",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        idp = _idp(options["idp"])
        self.in_utf8()
        people = _people(idp, everyone=options["all"])
        out = cast(TextIO, _Out(self.stdout))
        if options["format"] == "csv":
            _write_csv(out, people)
        else:
            _write_json(out, idp, _departments(idp), people)


class _Out:
    """A file for writers that end their own lines; Django's adds an ending to each."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text, ending="")


def _idp(text: str) -> IdentityProvider:
    try:
        return IdentityProvider.named(text)
    except IdentityProvider.DoesNotExist:
        raise CommandError(f"There is no IdP {text!r}.", returncode=2) from None


def _departments(idp: IdentityProvider) -> Iterator[Row]:
    query = Department.objects.filter(idp=idp).order_by("source_id")
    for department in query.iterator(chunk_size=CHUNK):
        yield {
            "id": department.source_id,
            "name": department.name,
            "parent_id": department.parent_source_id or None,
            "order": department.order,
        }


def _people(idp: IdentityProvider, *, everyone: bool) -> Iterator[Row]:
    query = Employee.objects.filter(idp=idp).order_by("userid", "pk")
    if not everyone:
        query = query.filter(status=Employee.Status.ACTIVE)
    places = Membership.objects.select_related("department").only(
        "employee_id", "department__source_id"
    )
    with_places = query.prefetch_related(Prefetch("memberships", places))
    for person in with_places.iterator(chunk_size=CHUNK):
        yield _employee(person)


def _employee(person: Employee) -> Row:
    places = person.memberships.all()
    shown = {name: getattr(person, name) for name in PLAIN}
    if person.erased_at is not None:
        shown["unionid"] = ""  # only a mark is left of it
    return shown | {
        "job_number": person.job_number,
        "departments": sorted(place.department.source_id for place in places),
        "manager_userid": person.manager_userid,
        "attributes": person.attributes,
    }


def _write_json(
    out: TextIO,
    idp: IdentityProvider,
    departments: Iterable[Row],
    people: Iterable[Row],
) -> None:
    """One object, with a line for each department and employee."""
    out.write(f'{{"idp": {_json(str(idp))},\n "departments": [')
    _write_items(out, departments)
    out.write('],\n "employees": [')
    _write_items(out, people)
    out.write("]}\n")


def _write_items(out: TextIO, rows: Iterable[Row]) -> None:
    for number, row in enumerate(rows):
        out.write(",\n  " if number else "\n  ")
        out.write(_json(row))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write_csv(out: TextIO, people: Iterable[Row]) -> None:
    out.write(BYTE_ORDER_MARK)
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for row in people:
        cells = row | {
            "departments": " ".join(row["departments"]),
            "attributes": _json(row["attributes"]) if row["attributes"] else "",
        }
        writer.writerow({name: harmless(cell) for name, cell in cells.items()})
