"""The mapping table, and the list of fields to add, with what the sample says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from identity.connectors.records import FieldType, SourceField
from identity.forms.mapping import Entry
from identity.sampling import Sample, Share

TYPES: Mapping[FieldType, tuple[str, str]] = {
    FieldType.TEXT: ("Text", "文本"),
    FieldType.NUMBER: ("Number", "数字"),
    FieldType.DATE: ("Date", "日期"),
    FieldType.YES_NO: ("Yes/No", "是/否"),
    FieldType.LIST: ("List", "列表"),
    FieldType.PHONE: ("Phone number", "电话号码"),
    FieldType.EMAIL: ("E-mail", "邮箱"),
    FieldType.PERSON: ("Person", "人员"),
    FieldType.DEPARTMENT: ("Department", "部门"),
    FieldType.GROUP: ("Several fields", "多个字段"),
}
"""In both languages, as the labels of fields: the vendor's console has one of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the mapping table with what the sample says about it.

    `second_hand`: the sample is of the second source, because the first is blank.
    """

    entry: Entry
    first: str
    second: str
    sample: str
    second_hand: bool
    share: Share | None
    detail: bool


@dataclass(frozen=True, slots=True)
class Extended:
    """A field that can be added, unless a row has it already (`used`)."""

    key: str
    label: str
    type: str
    sample: str
    share: Share | None
    used: bool
    detail: bool = False
    guessed: bool = False


def rows(
    entries: Sequence[Entry], sources: Sequence[SourceField], sample: Sample | None
) -> list[Row]:
    """Each row with the sample's value of its first source that has one."""
    details = {source.key for source in sources if source.detail}
    return [_row(entry, details, sample) for entry in entries]


def options(
    sources: Sequence[SourceField], entries: Sequence[Entry], sample: Sample | None
) -> list[tuple[str, str, bool]]:
    """Every source as (key, label in both languages, whether it costs a call)."""
    standard = [
        (source.key, _both(source.label, source.label_zh), source.detail)
        for source in sources
    ]
    seen = set(sample.types) if sample else set()
    custom = sorted(key for key in _used(entries) | seen if "." in key)
    return standard + [(key, key.partition(".")[2], False) for key in custom]


def extended(
    sources: Sequence[SourceField], entries: Sequence[Entry], sample: Sample | None
) -> Iterator[Extended]:
    """Every field: the custom ones of the sample, then the vendor's own.

    Used ones are there too, hidden: the page's script shows them when a row goes.
    """
    used = _used(entries)
    for key, kind in sample.types.items() if sample else ():
        label = key.partition(".")[2]
        yield _extended(key, label, kind, sample, used=key in used, guessed=True)
    for source in sources:
        key, label = source.key, _both(source.label, source.label_zh)
        more = {"used": key in used, "detail": source.detail}
        yield _extended(key, label, source.type, sample, **more)


def live_values(sample: Sample | None) -> dict[str, Any]:
    """The sample as the page's script reads it."""
    if not sample:
        return {}
    return {
        "size": sample.size,
        "values": dict(sample.values),
        "marks": dict(sample.marks),
        "custom": list(sample.types),
    }


def _extended(
    key: str, label: str, kind: FieldType, sample: Sample | None, **more: bool
) -> Extended:
    value = sample.values.get(key, "") if sample else ""
    share = sample.share(key) if sample else None
    return Extended(key, label, _both(*TYPES[kind]), value, share, **more)


def _row(entry: Entry, details: set[str], sample: Sample | None) -> Row:
    first, second, *_more = [*entry.sources, "", ""]
    values = sample.values if sample else {}
    of_first, of_second = values.get(first, ""), values.get(second, "")
    return Row(
        entry,
        first,
        second,
        sample=of_first or of_second,
        second_hand=bool(of_second) and not of_first,
        share=sample.share(first, second) if sample and first else None,
        detail=not details.isdisjoint((first, second)),
    )


def _used(entries: Sequence[Entry]) -> set[str]:
    return {key for entry in entries for key in entry.sources}


def _both(label: str, label_zh: str) -> str:
    """Both languages, the reader's first: the vendor's console may be in the other."""
    first, second = label, label_zh
    if (get_language() or "").startswith("zh") and label_zh:
        first, second = label_zh, label
    return f"{first} ({second})" if second and second != first else first
