"""An employee's logon: it begins with a state, and ends with what the vendor sends back.

Every attempt is kept with the stages it passed (`LogonAttempt`). Whom the vendor vouches
for is handed to Django's `authenticate`; a backend that knows the directory answers with
the account, or raises `Refused`.
"""

from identity.logon.finishing import finish, finish_silently
from identity.logon.onward import onwards
from identity.logon.outcomes import Outcome, Refused, Result, TooMany
from identity.logon.states import Begun, begin, remember_browser

__all__ = [
    "Begun",
    "Outcome",
    "Refused",
    "Result",
    "TooMany",
    "begin",
    "finish",
    "finish_silently",
    "onwards",
    "remember_browser",
]
