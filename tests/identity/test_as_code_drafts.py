"""`idp apply --draft`: departments that nobody has looked up yet."""

from typing import Any

import pytest
from django.test import Client

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from sync.models import SyncRun
from tests.identity.conftest import page, words
from tests.plugins.files import Folder

pytestmark = pytest.mark.django_db


def partial(*departments: str) -> dict[str, Any]:
    return {"scope": "partial", "departments": list(departments)}


def test_A11_a_draft_with_departments_does_not_ask_the_vendor(
    folder: Folder, simulator: Simulator
) -> None:
    ended = folder.apply("--draft", synchronization=partial("501001", "404404"))
    idp = IdentityProvider.objects.get()
    assert (ended.code, ended.reasons) == (0, "")
    assert (idp.scope, idp.departments) == ("partial", ["501001", "404404"])
    assert idp.department_labels == {}
    assert not simulator.calls
    again = folder.apply("--draft", synchronization=partial("501001", "404404"))
    assert again.output.endswith("nothing to change.\n")


def test_confirm_asks_for_the_departments_of_a_draft_as_ever(folder: Folder) -> None:
    folder.apply("--draft", synchronization=partial("501001", "404404"))
    refused = folder.apply(synchronization=partial("501001", "404404"))
    assert refused.code == 1
    assert "There is no department 404404" in refused.reasons
    assert IdentityProvider.objects.get().is_draft
    assert folder.apply(synchronization=partial("501001")).code == 0
    idp = IdentityProvider.objects.get()
    assert not idp.is_draft
    assert list(idp.department_labels) == idp.departments == ["501001"]
    assert SyncRun.objects.exists()


def test_the_wizard_shows_the_ids_of_such_a_draft_and_refuses_unknown_ones(
    folder: Folder, console: Client
) -> None:
    folder.apply("--draft", synchronization=partial("404404"))
    idp = IdentityProvider.objects.get()
    console.post(page(idp, "test"))
    step = page(idp, "sync")
    assert "404404" in words(console.get(step)).split("data-chosen>")[1]
    sent = {"scope": "partial", "departments": ["404404"]}
    assert "There is no department 404404" in words(console.post(step, sent))
    assert IdentityProvider.objects.get().is_draft


def test_a_draft_keeps_the_names_that_were_read_before(
    folder: Folder, simulator: Simulator
) -> None:
    folder.apply("--draft", synchronization=partial("501001"))
    label = {"name": "Sales", "path": ["1"], "names": ["Acme"]}
    IdentityProvider.objects.update(department_labels={"501001": label, "7": label})
    ended = folder.apply("--draft", synchronization=partial("501001", "501002"))
    idp = IdentityProvider.objects.get()
    assert '+ synchronization.departments: "501002"\n' in ended.output
    assert idp.department_labels == {"501001": label}
    assert not simulator.calls


@pytest.mark.parametrize(
    ("departments", "said"),
    [
        ([], "No department is chosen"),
        (["1\0"], "U+0000"),
        (["1\u202e2"], "U+202E"),
        (["1" * 65], "This has 65 characters; at most 64 are allowed."),
        (["1", " "], "A department id is empty"),
        ([str(one) for one in range(201)], "201 departments are too many"),
    ],
)
def test_what_no_vendor_calls_a_department_is_refused_in_a_draft_too(
    folder: Folder, departments: list[str], said: str
) -> None:
    ended = folder.apply("--draft", synchronization=partial(*departments))
    assert ended.code == 1
    assert ended.reasons.count("synchronization.departments: ") == 1
    assert said in ended.reasons
    assert not IdentityProvider.objects.exists()
