"""QR codes as part of a page: SVG that a strict policy takes, without style or script."""

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(text: str) -> SafeString:
    """The code of a text, black on white in both themes, or no camera would read it."""
    code = segno.make(text, error="m", micro=False)
    return mark_safe(  # noqa: S308  the text is drawn, not written
        code.svg_inline(omitsize=True, light="#fff", border=3, svgclass=None)
    )
