"""A browser without script that an employee logs on with: forms and links, all by HTTP."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests

from tests.bad_input.pages import Element, Page

LONGEST = 15.0
STEPS = 12


@dataclass
class Seen:
    """An answer: where the browser ended up, and what it shows."""

    url: str
    status: int
    text: str

    @property
    def page(self) -> Page:
        """What is on it."""
        return Page(self.text)


class Browser:
    """One person's browser; `identifier` is what they type into the client, `login` the
    address of the vendor's logon page, `unionid` who holds the phone."""

    def __init__(self, identifier: str, login: str, unionid: str) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self._identifier, self._login, self._unionid = identifier, login, unionid

    def open(self, address: str) -> Seen:
        """Go to an address, and on through everything that a logon asks for."""
        seen = self.get(address)
        for _step in range(STEPS):
            onward = self._next(seen)
            if onward is None:
                return seen
            seen = onward
        raise AssertionError(f"after {STEPS} steps still at {seen.url}")

    def get(self, address: str) -> Seen:
        """Go to an address, and follow where it sends the browser."""
        return self._seen(self.http.get(address, timeout=LONGEST))

    def press(self, seen: Seen, name: str, value: str) -> Seen:
        """Send the form with this button."""
        for form, controls in seen.page.forms():
            buttons = [c for c in controls if c.tag == "button" and c["name"] == name]
            if value in (button["value"] for button in buttons):
                values = _values(controls) | {name: value}
                return self._post(seen, urljoin(seen.url, form["action"]), values)
        raise AssertionError(f"no button {value} at {seen.url}: {seen.text[:2000]}")

    def _next(self, seen: Seen) -> Seen | None:
        """The next thing that somebody logging on would do; None if there is none."""
        if seen.url.startswith(self._login):
            return self._post(seen, seen.url, {"unionid": self._unionid})
        if urlsplit(seen.url).path != "/client/":
            return None
        for link in seen.page.elements:
            if link.tag == "a" and link["href"].startswith(self._login):
                return self.get(link["href"])
        return self._type_identifier(seen)

    def _type_identifier(self, seen: Seen) -> Seen:
        for form, controls in seen.page.forms():
            typed = [c for c in controls if c["type"] in ("text", "")]
            if form["method"].lower() == "post" and len(typed) == 1:
                values = _values(controls) | {typed[0]["name"]: self._identifier}
                return self._post(seen, urljoin(seen.url, form["action"]), values)
        raise AssertionError(f"nothing to type into at {seen.url}: {seen.text[:2000]}")

    def _post(self, seen: Seen, address: str, values: dict[str, str]) -> Seen:
        headers = {"Referer": seen.url}
        sent = self.http.post(address, data=values, headers=headers, timeout=LONGEST)
        return self._seen(sent)

    def _seen(self, answer: requests.Response) -> Seen:
        return Seen(answer.url, answer.status_code, answer.text)


def _values(controls: list[Element]) -> dict[str, str]:
    return {c["name"]: c["value"] for c in controls if c["type"] == "hidden"}
