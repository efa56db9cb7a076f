"""What the provider's endpoints answer with: OAuth's errors, as JSON."""

from typing import Any

from django.http import HttpResponse, JsonResponse


class Refusal(Exception):
    """A request that is refused: RFC 6749, 5.2 and RFC 6750, 3.1."""

    def __init__(
        self,
        error: str,
        description: str = "",
        status: int = 400,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers

    def response(self) -> HttpResponse:
        """As JSON that nobody keeps."""
        body = {"error": self.error}
        if self.description:
            body["error_description"] = self.description
        return answer(body, self.status, self.headers)


def answer(
    body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> HttpResponse:
    """JSON about one client or one person."""
    kept = {"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})}
    return JsonResponse(body, status=status, headers=kept)
