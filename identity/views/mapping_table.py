"""The mapping table with what the live sample says beside each row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import get_language

from identity.connectors.records import SourceField
from identity.forms.mapping import Entry
from identity.live import Sample


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the mapping table with what the sample says about it."""

    entry: Entry
    first: str
    second: str
    sample: str
    filled: int | None


def rows(entries: Sequence[Entry], sample: Sample | None) -> list[Row]:
    """Each row with the sample's value of its first source that has one."""
    return [_row(entry, sample) for entry in entries]


def options(
    sources: Sequence[SourceField], entries: Sequence[Entry], sample: Sample | None
) -> list[tuple[str, str, bool]]:
    """Every source as (key, label in both languages, whether it costs a call)."""
    standard = [
        (source.key, _both(source.label, source.label_zh), source.detail)
        for source in sources
    ]
    seen = {one.key for one in sample.custom} if sample else set()
    custom = sorted(key for key in _used(entries) | seen if "." in key)
    return standard + [(key, key.partition(".")[2], False) for key in custom]


def extended(
    sources: Sequence[SourceField], entries: Sequence[Entry], sample: Sample | None
) -> list[dict[str, Any]]:
    """What can be added: custom fields of the sample, then unused standard ones."""
    person = sample.person if sample else {}
    found = [asdict(one) for one in sample.custom] if sample else []
    found += [
        {
            "key": source.key,
            "label": _both(source.label, source.label_zh),
            "sample": person.get(source.key, ""),
            "detail": source.detail,
        }
        for source in sources
    ]
    used = _used(entries)
    return [one for one in found if one["key"] not in used]


def live_values(sample: Sample | None) -> dict[str, Any]:
    """The sample as the page's script reads it."""
    if not sample:
        return {}
    return {
        "size": sample.size,
        "person": dict(sample.person),
        "filled": dict(sample.filled),
        "custom": [one.key for one in sample.custom],
    }


def _row(entry: Entry, sample: Sample | None) -> Row:
    first, second, *_more = [*entry.sources, "", ""]
    person = sample.person if sample else {}
    filled = sample.filled.get(first, 0) if sample and first else None
    return Row(
        entry, first, second, person.get(first) or person.get(second, ""), filled
    )


def _used(entries: Sequence[Entry]) -> set[str]:
    return {key for entry in entries for key in entry.sources}


def _both(label: str, label_zh: str) -> str:
    """Both languages, the reader's first: the vendor's console may be in the other."""
    first, second = label, label_zh
    if (get_language() or "").startswith("zh") and label_zh:
        first, second = label_zh, label
    return f"{first} ({second})" if second and second != first else first
