"""What somebody reads whose logon did not work: one sentence, and how it is answered.

In words that tell an attacker nothing; causes and fixes are for the logon's trace.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.logon import Outcome

FORBIDDEN, MALFORMED, GONE, TOO_MANY = 403, 400, 410, 429
BAD_GATEWAY, UNAVAILABLE = 502, 503

BEGIN_AGAIN = _("This address is only for the way back from a logon. Begin again.")
REFUSED = _("You were not recognized as somebody of this company. Begin again.")
UNKNOWN = _(
    "Your account is not among those that your company shares with this system."
)
NOT_NOW = _("This logon cannot be used at the moment. Tell your administrator.")
MANY = _("There were too many logons from your network. Wait a minute, and try again.")

WORDS: Mapping[Outcome, tuple[str | Promise, int]] = {
    Outcome.NO_STATE: (BEGIN_AGAIN, MALFORMED),
    Outcome.UNKNOWN_STATE: (BEGIN_AGAIN, MALFORMED),
    Outcome.EXPIRED: (_("This logon took too long. Begin again."), GONE),
    Outcome.USED: (_("This logon was finished already. Begin a new one."), GONE),
    Outcome.OTHER_BROWSER: (
        _(
            "This logon was not begun in this browser, or your browser keeps no "
            "cookies. Begin again here. If you did not begin it yourself, close this page."
        ),
        FORBIDDEN,
    ),
    Outcome.OTHER_IDP: (BEGIN_AGAIN, FORBIDDEN),
    Outcome.DECLINED: (_("The logon was cancelled."), FORBIDDEN),
    Outcome.NO_CODE: (BEGIN_AGAIN, MALFORMED),
    Outcome.CODE: (_("This logon is not valid any more. Begin again."), FORBIDDEN),
    Outcome.UNREACHABLE: (
        _("%(vendor)s cannot be reached. Load this page again in a moment."),
        BAD_GATEWAY,
    ),
    Outcome.THROTTLED: (
        _("%(vendor)s is busy. Load this page again in a moment."),
        UNAVAILABLE,
    ),
    Outcome.CREDENTIALS: (NOT_NOW, BAD_GATEWAY),
    Outcome.ADDRESS: (NOT_NOW, BAD_GATEWAY),
    Outcome.PERMISSION: (NOT_NOW, BAD_GATEWAY),
    Outcome.UNEXPECTED: (NOT_NOW, BAD_GATEWAY),
    Outcome.COMPANY: (REFUSED, FORBIDDEN),
    Outcome.STRANGER: (REFUSED, FORBIDDEN),
    Outcome.EXTERNAL: (REFUSED, FORBIDDEN),
    Outcome.NOBODY: (UNKNOWN, FORBIDDEN),
    Outcome.READING: (
        _("Your account is just being fetched. Try again in a minute."),
        UNAVAILABLE,
    ),
    Outcome.AMBIGUOUS: (UNKNOWN, FORBIDDEN),
    Outcome.LEFT: (UNKNOWN, FORBIDDEN),
    Outcome.OUT_OF_SCOPE: (UNKNOWN, FORBIDDEN),
    Outcome.CUT: (UNKNOWN, FORBIDDEN),
    Outcome.CLOSED: (NOT_NOW, FORBIDDEN),
    Outcome.ACCOUNT: (UNKNOWN, FORBIDDEN),
    Outcome.APPLICATION: (NOT_NOW, FORBIDDEN),
}
"""By outcome: the sentence, and the status of the page."""

SOON = (UNAVAILABLE, BAD_GATEWAY, TOO_MANY)
"""Statuses of what may work in a moment."""


def words_for(outcome: str, vendor: str) -> tuple[str, int]:
    """The sentence and the status for an attempt that failed."""
    sentence, status = WORDS[Outcome(outcome)]
    return str(sentence) % {"vendor": vendor}, status
