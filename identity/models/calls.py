"""State that all processes share when they call a vendor."""

from django.db import models


class CallTurn(models.Model):
    """When an app may next call an API path: one pacer for all processes."""

    key = models.CharField(max_length=150, primary_key=True)
    next_at = models.FloatField(default=0.0)
    """Seconds since 1970."""

    def __str__(self) -> str:
        return self.key


class ReadCounter(models.Model):
    """The counter that numbers every read (row 1). Wall clocks decide nothing."""

    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.value)
