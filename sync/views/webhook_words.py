"""Why a message to a webhook was not taken, for people."""

from typing import Any

from django.utils.translation import gettext as _

from identity.views.application_words import cause_of


def fault_of(error: str) -> Any:
    """Words for `WebhookMessage.error`."""
    kind, _colon, fact = error.partition(":")
    words = {
        "address": _("its address is not one that this server may call"),
        "status": _("it answered with status %(fact)s instead of 2xx"),
        "secret": _("its secret cannot be opened with the present ENCRYPTION_KEYS"),
    }
    return words[kind] % {"fact": fact} if kind in words else cause_of(error)
