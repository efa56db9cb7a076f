"""A page's forms and messages as a browser reads them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

CONTROLS = frozenset({"input", "select", "textarea", "button"})
VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "use", "path", "source"})


@dataclass(slots=True)
class Element:
    """A tag with its attributes and the text in it."""

    tag: str
    attributes: dict[str, str]
    parents: list["Element"] = field(default_factory=list)
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")


class Page(HTMLParser):
    """What a test looks for in a page; `elements` in the order of the source."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        found = Element(tag, {n: v or "" for n, v in attrs}, list(self._open))
        self.elements.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag without content."""
        self.elements.append(
            Element(tag, {n: v or "" for n, v in attrs}, list(self._open))
        )

    def handle_endtag(self, tag: str) -> None:
        """A tag closes, with those in it that never did."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        """Text, of every element around it."""
        for one in self._open:
            one.text += data

    def by_id(self, name: str) -> Element | None:
        """The element with this id."""
        return next((one for one in self.elements if one["id"] == name), None)

    def named(self, name: str) -> list[Element]:
        """The controls that send this name."""
        return [
            one for one in self.elements if one.tag in CONTROLS and one["name"] == name
        ]

    def forms(self) -> Iterator[tuple[Element, list[Element]]]:
        """Every form with the controls that it sends."""
        for form in (one for one in self.elements if one.tag == "form"):
            yield (
                form,
                [
                    one
                    for one in self.elements
                    if one.tag in CONTROLS
                    and one["name"]
                    and (
                        form in one.parents
                        or (one["form"] and one["form"] == form["id"])
                    )
                ],
            )

    def problems(self) -> dict[str, str]:
        """The summary of errors: where each link leads, and what its line says."""
        return {
            one["href"].removeprefix("#"): one.parents[-1].text
            for one in self.elements
            if one.tag == "a" and any(p["id"] == "problems" for p in one.parents)
        }

    def message_at(self, field_id: str) -> str:
        """What a screen reader says is wrong with a field; "" if nothing is."""
        control = self.by_id(field_id)
        if control is None:
            return ""
        for one in [control, *reversed(control.parents)]:
            places = [self.by_id(name) for name in one["aria-describedby"].split()]
            texts = [p.text.strip() for p in places if p and p["id"].endswith("_error")]
            if texts:
                return " ".join(texts)
        return ""

    def is_marked(self, field_id: str) -> bool:
        """Whether a field, or the group it belongs to, is marked as invalid."""
        control = self.by_id(field_id)
        around = [control, *control.parents] if control else []
        return any(one["aria-invalid"] == "true" for one in around)
