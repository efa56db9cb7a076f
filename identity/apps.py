from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    """Who we talk to, and how people log on."""

    name = "identity"
    verbose_name = _("Identity")

    def ready(self) -> None:
        from identity import receivers  # noqa: F401  keeps a row of each session
