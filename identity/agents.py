"""Who calls: from where, and what a browser calls itself (RFC 9110, 10.1.5), in words
that people know."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

# In this order: each browser also bears the names of those that stand below it.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
LONGEST_ADDRESS, LONGEST_NAME = 64, 300
"""Characters of either that are kept."""


def address_of(request: HttpRequest) -> str:
    """The network address of the other end, as far as it is kept; "" if it has none."""
    return str(request.META.get("REMOTE_ADDR", ""))[:LONGEST_ADDRESS]


def name_of(request: HttpRequest) -> str:
    """What the browser calls itself, as far as it is kept."""
    return str(request.META.get("HTTP_USER_AGENT", ""))[:LONGEST_NAME]


def in_words(agent: str) -> str:
    """Which browser on which system, as far as its header says so."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")
