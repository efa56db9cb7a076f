from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Who we talk to, and how people log on."""

    name = "identity"
    verbose_name = "Identity"
