"""The provider's own pages as people see them: axe, in both themes and languages, wide
and on a phone, with nothing that the policy stops."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.conf import settings
from playwright.sync_api import Page

from identity.models import Application, User
from sync.models import Employee
from tests.journeys.test_every_page import wide_parts
from tests.oidc.conftest import application
from tests.oidc.relying import AUTHORIZE, Relying
from tests.plugins.browser import SETTLED, LiveConsole
from tests.plugins.logged_on import logged_on

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]
LOGOUT = "/o/logout/"
SCOPE = "openid profile email phone org"


@pytest.fixture
def entered(live_site: LiveConsole, person: Employee) -> LiveConsole:
    """A browser in which somebody is logged on."""
    name = settings.SESSION_COOKIE_NAME
    value = logged_on(person).cookies[name].value
    live_site.page.context.add_cookies(
        [{"name": name, "value": value, "url": live_site.url}]
    )
    return live_site


@pytest.fixture
def asking(db: None) -> Relying:
    """A program with much to say of itself, and a long address."""
    row = application(
        "Gateway of the research department in Hangzhou",
        preset=Application.Preset.NATIVE,
        client_type=Application.CLIENT_PUBLIC,
        skip_authorization=False,
        redirect_uris="com.example.a-rather-long-name-of-a-program.client:/back",
        description="Reaches the machines of the laboratory from everywhere.",
    )
    return Relying(row, redirect_uri=row.redirect_uris)


def addresses(asking: Relying) -> dict[str, str]:
    """Each page of the provider, by its name."""
    asked = asking.request(scope=SCOPE)
    wrong = {**asked, "redirect_uri": "https://elsewhere.example/cb"}
    client_id = asking.application.client_id
    return {
        "consent": f"{AUTHORIZE}?{urlencode(asked)}",
        "refused-address": f"{AUTHORIZE}?{urlencode(wrong)}",
        "refused-client": f"{AUTHORIZE}?client_id=nobody",
        "log-off": f"{LOGOUT}?{urlencode({'client_id': client_id})}",
        "log-off-hint": f"{LOGOUT}?id_token_hint=bad",
        "log-off-client": f"{LOGOUT}?client_id=nobody",
        "log-off-address": f"{LOGOUT}?"
        + urlencode({"client_id": client_id, "post_logout_redirect_uri": "x:/"}),
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_axe_finds_nothing_to_mend_on_the_providers_pages(
    theme: str,
    language: str,
    entered: LiveConsole,
    asking: Relying,
    axe: Callable[[Page], None],
    complaints: list[str],
) -> None:
    User.objects.update(theme=theme)
    name = settings.LANGUAGE_COOKIE_NAME
    entered.page.context.add_cookies(
        [{"name": name, "value": language, "url": entered.url}]
    )
    for address in addresses(asking).values():
        page = entered.open(address)
        assert str(page.get_attribute("html", "lang")).lower() == language
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            page.evaluate(SETTLED)
            assert wide_parts(page) == [], f"{address} at {width} px"
            axe(page)
    complaints[:] = [one for one in complaints if "400" not in one]  # the refusals
