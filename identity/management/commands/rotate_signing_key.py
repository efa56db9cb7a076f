"""A new key for signing ID tokens, by hand or on a schedule of one's own."""

from typing import Any

from django.utils import timezone

from identity.management.steady import SteadyCommand
from identity.oidc import keys


class Command(SteadyCommand):
    help = (
        "Make the key that signs ID tokens and logout tokens next. It is published at "
        "once and signs 10 minutes later, so that applications know it by then; the one "
        "before it stays published for another 24 hours. While a new key waits to sign, "
        "no second one is made."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say which key signs from when."""
        key, made = keys.rotate(by=None, origin="command")
        begins = timezone.localtime(key.signs_from)
        words = "Made" if made else "Waiting already:"
        self.stdout.write(
            f"{words} key {key.kid}; it signs from {begins:%Y-%m-%d %H:%M:%S %z}."
        )
