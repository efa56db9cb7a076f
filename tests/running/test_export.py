"""`export_directory`: the directory as other programs and spreadsheets read it."""

import csv
import io
import json
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from identity.models import IdentityProvider
from sync.models import Employee
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> IdentityProvider:
    """Three departments, and people of every status in an order of their own."""
    idp = builders.idp("Acme")
    root = builders.department(idp, "1", "Acme 集团")
    sales = builders.department(idp, "502", "Sales", root, order=1)
    team = builders.department(idp, "9007199254740993", "Team", sales)
    builders.employee(idp, "zoe", "Zoe", [team, root, sales], mobile="+86-13900000001")
    builders.employee(idp, "Adam", "亚当", [root], email="adam@example.test")
    builders.employee(idp, "gone", "Gone", status=Employee.Status.LEFT)
    builders.employee(idp, "far", "Far", status=Employee.Status.OUT_OF_SCOPE)
    return idp


def export(idp: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("export_directory", idp, stdout=out, **options)
    return out.getvalue()


def test_json_has_the_departments_in_order_with_the_root_and_ids_as_text(
    acme: IdentityProvider,
) -> None:
    content = json.loads(export("Acme"))
    assert content["idp"] == "Acme"
    assert content["departments"] == [
        {"id": "1", "name": "Acme 集团", "parent_id": None, "order": 0},
        {"id": "502", "name": "Sales", "parent_id": "1", "order": 1},
        {"id": "9007199254740993", "name": "Team", "parent_id": "502", "order": 0},
    ]


def test_json_has_the_active_employees_in_order_with_their_departments_sorted(
    acme: IdentityProvider,
) -> None:
    adam, zoe = json.loads(export("acme"))["employees"]
    assert adam == {
        "userid": "Adam",
        "unionid": "union-Adam",
        "name": "亚当",
        "status": "active",
        "mobile": "",
        "email": "adam@example.test",
        "title": "",
        "job_number": "",
        "departments": ["1"],
        "manager_userid": "",
        "attributes": {},
    }
    assert zoe["userid"] == "zoe"
    assert zoe["departments"] == ["1", "502", "9007199254740993"]


def test_all_adds_those_who_left_and_those_out_of_scope(acme: IdentityProvider) -> None:
    people = json.loads(export(str(acme.pk), all=True))["employees"]
    assert [(person["userid"], person["status"]) for person in people] == [
        ("Adam", "active"),
        ("far", "out_of_scope"),
        ("gone", "left"),
        ("zoe", "active"),
    ]


def test_an_empty_directory_is_well_formed_too() -> None:
    builders.idp("Empty")
    assert json.loads(export("Empty")) == {
        "idp": "Empty",
        "departments": [],
        "employees": [],
    }
    assert export("Empty", format="csv").count("\r\n") == 1


def test_another_idp_is_not_in_it(acme: IdentityProvider) -> None:
    other = builders.idp("Other")
    builders.employee(other, "stranger", "", [builders.department(other, "1")])
    assert "stranger" not in export("Acme")
    assert "stranger" in export("Other")


def test_csv_opens_in_a_spreadsheet_without_losing_a_letter_or_running_a_formula(
    acme: IdentityProvider,
) -> None:
    zoe = Employee.objects.get(userid="zoe")
    zoe.title, zoe.attributes = '=HYPERLINK("http://x")', {"CostCentre": "甲 1"}
    zoe.save()
    text = export("Acme", format="csv")
    assert text.startswith("\ufeffuserid,unionid,name,status,mobile,email,title,")
    adam, zoe_row = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert adam["name"] == "亚当"
    assert zoe_row["departments"] == "1 502 9007199254740993"
    assert zoe_row["mobile"] == "'+86-13900000001"
    assert zoe_row["title"] == '\'=HYPERLINK("http://x")'
    assert json.loads(zoe_row["attributes"]) == {"CostCentre": "甲 1"}


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "＝", "＠"])
def test_no_csv_cell_begins_like_a_formula(first: str) -> None:
    idp = builders.idp("Acme")
    builders.employee(idp, "u", f"{first}1+1")
    text = export("Acme", format="csv").removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"] == f"'{first}1+1"


def test_the_number_of_queries_does_not_grow_with_the_company(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    small, large = builders.idp("Small"), builders.idp("Large")
    builders.company(small, people=10, departments=3)
    builders.company(large, people=400, departments=40)
    for name in ("Small", "Large"):
        with django_assert_num_queries(4):
            export(name)


def test_an_unknown_idp_is_wrong_use() -> None:
    with pytest.raises(CommandError, match=r"There is no IdP 'Nobody'\.") as caught:
        export("Nobody")
    assert caught.value.returncode == 2


def test_help_teaches_the_format_and_the_exit_codes() -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "export_directory", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert '"status": "active|left|out_of_scope"' in result.stdout
    assert (
        "Exit code: 0 written, 1 failed, 2 wrong use or no such IdP." in result.stdout
    )
