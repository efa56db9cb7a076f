from django.apps import AppConfig


class SasebridgeConfig(AppConfig):
    """Wires identity and sync together and shows both in one console."""

    name = "sasebridge"
    verbose_name = "sasebridge"
