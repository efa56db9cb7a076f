from django.apps import AppConfig


class SyncConfig(AppConfig):
    """The directory: kept true by the engine, read by everyone."""

    name = "sync"
    verbose_name = "Directory"

    def ready(self) -> None:
        from sync import receivers  # noqa: F401  the receiver of idp_confirmed
