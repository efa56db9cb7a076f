"""T-33: names come from outside; whatever stands in them is text and nothing else."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from identity.mapping import FIELDS
from sync.models import Change, Department, Kept
from tests import builders
from tests.sync_views.reading import pane, read

pytestmark = pytest.mark.django_db

PAYLOAD = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7*7 }}{% now %}"

CAME = json.dumps({"EventType": PAYLOAD, PAYLOAD: [PAYLOAD]})
"""What came with an event."""
LIMITED = ("manager_userid", "mobile", "job_number", "telephone", "hired_date")
"""Fields that are shorter than the payload."""


@pytest.fixture
def addresses(root: Department) -> list[str]:
    """Every page and fragment, with the payload in each field that is synchronized."""
    idp = root.idp
    idp.name = idp.description = PAYLOAD[:100]
    idp.save()
    lair = builders.department(idp, "900", PAYLOAD, root)
    den = builders.department(idp, "901", PAYLOAD, lair)
    text = dict.fromkeys(
        (
            *("email", "title", "work_place", "remark"),
            *LIMITED,
        ),
        PAYLOAD,
    )
    for name in LIMITED:
        text[name] = PAYLOAD[: FIELDS[name].limit]
    person = builders.employee(
        idp,
        PAYLOAD[:64],
        PAYLOAD,
        [lair, den],
        **{**text, "attributes": {PAYLOAD[:50]: PAYLOAD}},
    )
    run = builders.run(
        idp,
        "partial",
        faults=[{"kind": "x", "where": PAYLOAD, "message": PAYLOAD, "remedy": PAYLOAD}],
        unknown_fields=[PAYLOAD],
    )
    failed = builders.run(
        idp,
        "failed",
        error_cause=PAYLOAD,
        error_remedy=PAYLOAD,
        error_code=PAYLOAD[:64],
    )
    held = builders.run(idp, "held", held_because=[{"reason": PAYLOAD}])
    for kind, said in (("create", ""), ("remove", "moved")):
        builders.change(
            held,
            "employee",
            kind,
            PAYLOAD,
            label=PAYLOAD,
            verdict=said,
            after={PAYLOAD: PAYLOAD},
            applied=False,
        )
    Kept.objects.create(idp=idp, entity="department", key="1", label=PAYLOAD, run=held)
    sides = {"before": {PAYLOAD: PAYLOAD}, "after": {PAYLOAD: PAYLOAD[::-1]}}
    builders.change(run, "employee", "update", person.userid, label=PAYLOAD, **sides)
    builders.change(run, "employee", "leave", "unknown", label=PAYLOAD)
    builders.change(run, "department", "update", "902", label=PAYLOAD, **sides)
    builders.change(run, "membership", "create", f"{person.userid}/900")
    told = [
        builders.event(
            idp, kind, [person.userid, PAYLOAD], name=PAYLOAD[:64], body=CAME, **values
        )
        for kind in ("left", "other")
        for values in (
            {"state": "held"},
            {"state": "dead", "error_cause": PAYLOAD, "run": run},
        )
    ]
    builders.event(idp, "department_removed", departments=["900", PAYLOAD])
    directory, page = reverse("sync:directory"), reverse("sync:run", args=[run.pk])
    return [
        directory,
        f"{directory}?dept={den.pk}&sub=1",
        f"{directory}?dept={lair.pk}&tab=departments",
        f"{directory}?q=alert",
        f"{directory}?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        f"{directory}?q=%3Cscript%3Ealert(3)%3C/script%3E",
        f"{reverse('sync:branch')}?idp={idp.pk}&under={root.pk}",
        reverse("sync:employee", args=[person.pk]),
        reverse("sync:runs"),
        reverse("sync:events"),
        *(reverse("sync:event", args=[event.pk]) for event in told),
        *(f"{page}?entity={entity}&kind={kind}" for entity, kind in KINDS),
        reverse("sync:run", args=[failed.pk]),
        reverse("sync:run", args=[held.pk]),
        f"{reverse('sync:run', args=[held.pk])}?part=employee-create",
        f"{reverse('sync:run', args=[held.pk])}?q=img",
        reverse("sync:kept", args=[idp.pk]),
        reverse("sync:guard", args=[idp.pk]),
    ]


KINDS = (
    ("employee", "update"),
    ("employee", "leave"),
    ("department", "update"),
    ("membership", "create"),
)


def test_no_markup_comes_out_of_a_name(console: Client, addresses: list[str]) -> None:
    shown = 0
    for address in addresses:
        for source in (read(console, address), pane(console, address)):
            assert "<img src=x" not in source, address
            assert "<script>" not in source, address
            assert not re.search(r"<[a-z]+[^>]*\sonerror=", _unquoted(source)), address
            assert not re.search(r'\b(href|src|hx-get)="\s*javascript:', source)
            shown += "&lt;img src=x" in source
    assert shown > 20


def test_every_text_from_outside_stands_apart_from_the_direction_of_the_page(
    console: Client, root: Department
) -> None:
    """A right-to-left mark in a name must not turn the row around it."""
    builders.employee(root.idp, "rtl", "\u202eevil", [root])
    source = read(console, f"{reverse('sync:directory')}?idp={root.idp_id}")
    assert "<bdi>\u202eevil</bdi>" in source


def test_pages_have_no_inline_script_style_or_handler(
    console: Client, addresses: list[str]
) -> None:
    """The content security policy allows none."""
    for address in addresses:
        bare = _unquoted(read(console, address))
        assert not re.search(r"<script(?![^>]*\ssrc)", bare), address
        assert not re.search(r"<[a-z]+[^>]*\s(style|on[a-z]+)=", bare), address


def _unquoted(source: str) -> str:
    """Markup without what stands inside quotes, where anything is text."""
    return re.sub(r'"[^"]*"', '""', source)


def test_a_change_of_every_entity_and_kind_can_be_shown(
    console: Client, root: Department
) -> None:
    run = builders.run(root.idp)
    for entity in Change.Entity:
        for kind in Change.Kind:
            builders.change(run, entity, kind, "odd/key/501")
    page = reverse("sync:run", args=[run.pk])
    for entity in Change.Entity:
        for kind in Change.Kind:
            source = read(console, f"{page}?entity={entity}&kind={kind}")
            assert f"{entity.label}: {kind.label}" in source
