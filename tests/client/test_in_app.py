"""The page inside the vendor's client: only a spinner, and only for companies of ours."""

from urllib.parse import quote

import pytest
from django.test import Client

from identity.models import IdentityProvider
from tests import builders
from tests.bad_input.set_x import VALUES

pytestmark = pytest.mark.alone

PAGE = "/ui/dingAuth/"


def ask(corp_id: str | None, path: str = PAGE) -> tuple[int, str]:
    """Status, and where it leads or what it shows."""
    query = (
        ""
        if corp_id is None
        else f"?corpId={quote(corp_id.encode('utf-8', 'surrogatepass'))}"
    )
    response = Client().get(path + query)
    return response.status_code, response.get("Location") or response.content.decode()


@pytest.fixture
def company_id(idp: IdentityProvider) -> str:
    return str(idp.settings["corp_id"])


def test_it_shows_a_spinner_and_asks_by_the_companys_own_ids(
    idp: IdentityProvider, company_id: str
) -> None:
    """Pages 5.1; the vendor's script is told corpId and clientId, and nothing else."""
    status, page = ask(company_id)
    assert status == 200
    assert "Logging you on..." in page
    assert f'name="corpId" value="{company_id}"' in page
    assert f'data-client-id="{idp.settings["app_key"]}"' in page
    assert "csrfmiddlewaretoken" in page
    assert "secret" not in page.lower()


@pytest.mark.parametrize(
    "corp_id", ["not-ours", " ", "$CORPID$", "*"], ids=lambda value: f"I-62-{value}"
)
def test_I62_a_company_that_is_not_ours_goes_to_the_start(
    company_id: str, corp_id: str
) -> None:
    assert ask(corp_id) == (302, "/client/")
    assert ask(company_id + corp_id) == (302, "/client/")
    assert ask(company_id)[0] == 200


def test_I62_set_X_as_a_company(company_id: str) -> None:
    for value in VALUES:
        if value and len(value) < 4000:
            assert ask(value)[0] in (302, 400), value[:40]


def test_I62_missing_is_the_only_company_that_there_is(company_id: str) -> None:
    """The address that administrators copy names none (S032)."""
    status, page = ask(None)
    assert status == 200
    assert f'value="{company_id}"' in page


def test_I62_missing_where_there_are_two_goes_to_the_start(
    idp: IdentityProvider, company_id: str
) -> None:
    builders.idp("Other", settings={"corp_id": "ding-other"})
    assert ask(None) == (302, "/client/")
    assert ask("ding-other")[0] == 200
    assert ask(company_id)[0] == 200


@pytest.mark.parametrize("what", ["closed", "draft"])
def test_I62_T15_an_idp_that_is_not_enabled_goes_to_the_start(
    idp: IdentityProvider, company_id: str, what: str
) -> None:
    change = {"status": "closed"} if what == "closed" else {"confirmed_at": None}
    assert ask(company_id)[0] == 200
    IdentityProvider.objects.update(**change)
    assert ask(company_id) == (302, "/client/")


@pytest.mark.parametrize("name", ["dingauth", "other", "dingAuth%00", "..%2fdingAuth"])
def test_only_the_homepage_that_a_connector_names_is_there(
    company_id: str, name: str
) -> None:
    assert ask(company_id, f"/ui/{name}/")[0] == 404


def test_I62_nobody_may_frame_it(company_id: str) -> None:
    response = Client().get(f"{PAGE}?corpId={company_id}")
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "frame-src" not in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
