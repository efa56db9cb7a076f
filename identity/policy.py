"""The content security policy: one for all pages, and wider where a page needs it."""

from collections.abc import Iterable

# No nonce is needed because no page has an inline script or style.
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "manifest-src": "'self'",
}


def policy(**also: Iterable[str]) -> str:
    """The policy's text; `form_action=["https://rp.example"]` allows that too."""
    directives = dict(DIRECTIVES)
    for name, sources in also.items():
        key = name.replace("_", "-")
        directives[key] = " ".join([directives.get(key, ""), *sources]).strip()
    return "; ".join(f"{name} {value}" for name, value in directives.items())
