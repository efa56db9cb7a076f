"""What the frame of every console page needs: a context processor."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.access import is_administrator, is_console_user
from sasebridge import __version__
from sasebridge.console.summary import percent_of
from sync.models import SyncRun, full_runs

THEMES = ("light", "dark", "system")
THEME_COOKIE = "sasebridge_theme"


@dataclass(frozen=True, slots=True)
class Place:
    """A link of the left navigation."""

    label: Any
    address: str
    """The name of its url."""
    icon: str
    administrators: bool = False
    root: str = ""
    """What the addresses of its pages begin with; "" if with its own."""
    exact: bool = False
    """Whether other places' addresses begin as its own does."""
    url: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Links under one heading; the first group has none."""

    label: Any
    places: tuple[Place, ...]


NAVIGATION = (
    Group("", (Place(_("Dashboard"), "console:dashboard", "layout-dashboard"),)),
    Group(
        _("Identity Authentication"),
        (
            Place(_("Identity Access"), "console:idps", "plug-connected"),
            Place(_("Employee Center"), "sync:directory", "users"),
        ),
    ),
    Group(
        _("Logs"),
        (
            Place(_("Synchronization records"), "sync:runs", "history"),
            Place(_("Changes"), "sync:changes", "list"),
            Place(_("Events"), "sync:events", "bell"),
            Place(_("Logons"), "console:logons", "login"),
        ),
    ),
    Group(
        _("Settings"),
        (
            Place(_("General"), "console:settings", "settings", exact=True),
            Place(_("Applications"), "identity:applications", "world"),
            Place(_("Webhooks"), "sync:webhooks", "arrows-left-right", True),
            Place(_("Alerts"), "sync:alerts", "bell", administrators=True),
            Place(_("Signing keys"), "identity:signing-keys", "key"),
            Place(
                _("Accounts"),
                "admin:identity_user_changelist",
                "shield",
                True,
                "/admin/",
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Running:
    """The synchronization that runs now, and how far it is."""

    run: SyncRun
    percent: int


class Frame:
    """Asked by templates/frame.html; costs one query, and only if it is asked."""

    version = __version__

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def nav(self) -> list[Group]:
        """The navigation, without what this account may not use."""
        trusted = is_administrator(self._request.user)
        return [
            Group(
                group.label,
                tuple(
                    self._placed(place)
                    for place in group.places
                    if trusted or not place.administrators
                ),
            )
            for group in NAVIGATION
        ]

    def _placed(self, place: Place) -> Place:
        url = reverse(place.address)
        path = self._request.path
        root = place.root or url
        alone = place.exact or url == "/"
        current = path == url if alone else path.startswith(root)
        return replace(place, url=url, current=current)

    @property
    def at_home(self) -> bool:
        """Whether the console has a page for this account at all."""
        return is_console_user(getattr(self._request, "user", None))

    @cached_property
    def theme(self) -> str:
        """The chosen theme: of the account, else of the browser."""
        chosen = getattr(getattr(self._request, "user", None), "theme", "")
        chosen = chosen or self._request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "system"

    @cached_property
    def running(self) -> Running | None:
        """An open run, for those who may see it."""
        if not self.at_home:
            return None
        run = full_runs().filter(state__in=SyncRun.OPEN).order_by("pk").first()
        return Running(run, percent_of(run)) if run else None

    @property
    def zone(self) -> str:
        """The zone that times are shown in."""
        return str(settings.TIME_ZONE)

    @property
    def offset(self) -> str:
        """The zone's present distance to UTC, e.g. UTC+08:00."""
        written = f"{timezone.localtime():%z}"
        return f"UTC{written[:3]}:{written[3:5]}"


def frame(request: HttpRequest) -> dict[str, Any]:
    """Values for templates/frame.html."""
    return {"frame": Frame(request)}
