"""Show as file: an IdP as the text that `manage.py idp apply` takes, without secrets."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from identity.access import administrators_only
from identity.as_code.writing import as_toml, variables
from identity.models import IdentityProvider

if TYPE_CHECKING:
    from identity.access import ConsoleRequest


@require_safe
@administrators_only
def show(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """The page: the text to copy, and what to do with it."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    context = {
        "idp": idp,
        "text": as_toml(idp),
        "variables": variables(idp),
        "filename": _filename(idp),
    }
    return render(request, "identity/file.html", context)


@require_safe
@administrators_only
def download(request: "ConsoleRequest", idp_id: UUID) -> HttpResponse:
    """The same text as a file of its own."""
    idp = get_object_or_404(IdentityProvider, pk=idp_id)
    disposition = content_disposition_header(True, _filename(idp))
    return HttpResponse(
        as_toml(idp),
        content_type="application/toml; charset=utf-8",
        headers={"Content-Disposition": disposition or ""},
    )


def _filename(idp: IdentityProvider) -> str:
    """Names have only characters that a shell leaves alone; one may begin with -."""
    return f"idp-{idp.name or idp.pk}.toml"
