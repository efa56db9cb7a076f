"""Reading pages: their source, their words, their links."""

import html
import re

from django.test import Client


def read(client: Client, address: str, **headers: str) -> str:
    """The source of a page that must be there."""
    response = client.get(address, headers=headers)
    assert response.status_code == 200, (address, response.status_code)
    return response.content.decode()


def words(source: str) -> str:
    """What a page says, without its markup."""
    source = re.sub(r"</?mark>", "", source)  # stands inside words
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", source, flags=re.DOTALL)
    return " ".join(html.unescape(bare).split())


def links(source: str) -> list[str]:
    """Every address that a page links to, as a browser would ask for it."""
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', source)]


def pane(client: Client, address: str) -> str:
    """The right side alone, as htmx asks for it."""
    return read(client, address, **{"HX-Request": "true", "HX-Target": "pane"})
