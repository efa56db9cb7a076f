"""What the frame of every console page needs: a context processor."""

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """Values for templates/frame.html."""
    return {}
