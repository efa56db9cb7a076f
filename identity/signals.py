"""Signals that identity sends and others receive, so that identity imports no one."""

from django.dispatch import Signal

idp_confirmed = Signal()
"""An administrator pressed Confirm, or a command did (`by` is None then). Sent in the
confirming transaction with `idp` (IdentityProvider), `by` (User or None) and `first`
(bool: was it a draft until now).
A receiver may return the address of the page that the administrator should see next."""

impact_asked = Signal()
"""How many active employees does an IdP let log on? Sent with `idp` (IdentityProvider)
before it is closed. A receiver returns the number it knows."""
