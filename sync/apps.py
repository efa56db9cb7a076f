from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    """The directory: kept true by the engine, read by everyone."""

    name = "sync"
    verbose_name = _("Directory")

    def ready(self) -> None:
        from sync import receivers  # noqa: F401  the receiver of idp_confirmed
