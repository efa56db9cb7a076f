"""The ways to log on: one link per IdP to the vendor's page, and that page in a frame."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from identity.logon import onwards
from identity.models import Enterprise, IdentityProvider, IdentitySecret, LogonState
from identity.views.client import POLICY
from sync.models import Department
from tests import builders
from tests.client.conftest import ID

pytestmark = pytest.mark.alone

HOME = "/client/home/"
VENDOR = "https://login.dingtalk.com"
LINK = re.compile(rf'<a [^>]*href="({VENDOR}[^"]+)"')
FRAME = re.compile(r'data-frame="([^"]+)"')


@pytest.fixture
def visitor(root: Department) -> Client:
    """The browser of somebody whose company is remembered."""
    client = Client()
    client.post("/client/", {"enterprise_id": ID})
    return client


def page_of(client: Client, path: str = "/client/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def links(page: str) -> list[dict[str, str]]:
    """The queries of the links to the vendor's page."""
    return [parsed(one) for one in LINK.findall(page)]


def parsed(address: str) -> dict[str, str]:
    query = parse_qs(urlsplit(html.unescape(address)).query)
    return {name: values[0] for name, values in query.items()}


def test_S173_one_idp_goes_straight_on_to_its_two_ways(
    visitor: Client, idp: IdentityProvider
) -> None:
    """S173, S174: a plain link that needs no script, and the page for a frame."""
    page = page_of(visitor)
    (link,) = links(page)
    assert link["prompt"] == "consent"
    assert link["redirect_uri"] == "http://localhost:8000/open-dev/dingtalk"
    assert link["client_id"] == idp.settings["app_key"]
    assert "Log on with DingTalk" in page
    assert "Scan the QR code" in page
    framed = parsed(FRAME.findall(page)[0])
    assert framed["state"] != link["state"]
    kept = LogonState.objects.values_list("idp", "way")
    assert set(kept) == {(idp.pk, "page"), (idp.pk, "qr")}


def test_the_description_is_the_title_and_else_the_name(
    visitor: Client, root: Department
) -> None:
    """S048, pages 5.1: drafts and closed ones are not there."""
    builders.idp("Second", description="")
    builders.idp("Third", description="Contractors")
    builders.idp("Fourth", status="closed")
    builders.idp("Fifth", draft=True)
    page = page_of(visitor)
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == [
        "DingTalk Logon",
        "Second",
        "Contractors",
    ]
    states = {link["state"] for link in links(page)}
    assert len(states) == 3 == LogonState.objects.filter(way="page").count()


def test_the_company_is_named_once_it_is_known(visitor: Client) -> None:
    assert "Acme 集团" in page_of(visitor)
    Enterprise.objects.update(name="")
    assert "Acme 集团" not in page_of(visitor).replace("<title>", "")


def test_only_this_page_may_frame_the_vendors(visitor: Client, console: Client) -> None:
    """T-28, I-62: the policy of every other page knows no frame."""
    policy = visitor.get("/client/")[POLICY]
    assert f"frame-src {VENDOR}" in policy.split("; ")
    plain = [(Client(), "/client/"), (Client(), "/accounts/login/")]
    plain += [(console, "/"), (console, HOME), (console, "/settings/")]
    for client, path in plain:
        others = client.get(path)[POLICY]
        assert "frame-src" not in others, path
        assert policy.replace(f"; frame-src {VENDOR}", "") == others, path


def test_T22_where_to_go_on_is_carried_through_all_steps(root: Department) -> None:
    client = Client()
    page = page_of(client, f"/client/?next={HOME}")
    assert f'name="next" value="{HOME}"' in page
    sent = {"enterprise_id": "wrong", "next": HOME}
    assert f'value="{HOME}"' in client.post("/client/", sent).content.decode()
    sent["enterprise_id"] = ID
    onward = client.post("/client/", sent)["Location"]
    assert onward == "/client/?next=%2Fclient%2Fhome%2F"
    page_of(client, onward)
    assert {row.onward for row in LogonState.objects.all()} == {HOME}


@pytest.mark.parametrize(
    "evil",
    [
        *("//evil", "/\\evil", "/%09/evil", "https:evil", "javascript:alert(1)"),
        *("data:text/html,x", "/login/../..//evil", "/client/home/\n//evil"),
        *("https://evil.example/", "/client/home/../../evil", "\t//evil", "///evil"),
        *("/settings/", "/x" * 5000, "/client/home/\r\nSet-Cookie: a=b", ""),
    ],
    ids=lambda value: f"I-81-{value[:24]!r}",
)
def test_I81_nothing_else_is_carried(root: Department, evil: str) -> None:
    """T-22, I-81; the twin is HOME, above."""
    client = Client()
    assert onwards(evil) == ""
    page = client.get("/client/", {"next": evil}).content.decode()
    assert 'name="next"' not in page.partition("<main")[2]
    sent = {"enterprise_id": ID, "next": evil}
    assert client.post("/client/", sent)["Location"] == "/client/"
    assert client.post("/client/forget/", {"next": evil})["Location"] == "/client/"


def test_who_is_logged_on_may_log_on_again_for_an_application(
    mine: Client, root: Department
) -> None:
    """An application that asks for a fresh logon must not be sent in a circle."""
    assert mine.get("/client/")["Location"] == HOME
    assert mine.get("/client/", {"next": HOME}).status_code == 200


def test_an_idp_whose_secret_cannot_be_opened_leaves_the_others(
    visitor: Client, idp: IdentityProvider, caplog: Any
) -> None:
    second = builders.idp("Second")
    IdentitySecret.objects.update(sealed="of another key")
    page = page_of(visitor)
    assert "Second" in page
    assert "DingTalk Logon" not in page
    assert "cannot be opened" in caplog.text
    second.delete()
    assert "You cannot log on just now" in page_of(visitor)
