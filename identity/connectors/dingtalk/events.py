"""What DingTalk's notices say: a plaintext in, an `Event` out. Pure.

Sources: address-book-events, address-book-user-change, create-department-event,
obtain-the-event-list-of-failed-push-messages; developerpedia: learn/stream/protocol.

Two spellings exist; keys are matched without regard to case. `diffInfo` is never
believed: an event only names what is to be read again.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from identity.connectors.dingtalk import shapes
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.records import Event, EventKind

CHECK_URL = "check_url"
KINDS = {
    "user_add_org": EventKind.JOINED,
    "user_modify_org": EventKind.CHANGED,
    "user_active_org": EventKind.CHANGED,
    "user_leave_org": EventKind.LEFT,
    "org_dept_create": EventKind.DEPARTMENT_CREATED,
    "org_dept_modify": EventKind.DEPARTMENT_CHANGED,
    "org_dept_remove": EventKind.DEPARTMENT_REMOVED,
    CHECK_URL: EventKind.VERIFY,
}
LONGEST_NAME = 64
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,64}")


def parse(text: str, sent_at: int | None = None) -> Event:
    """The event in a push's plaintext; raises Malformed if there is none.

    `sent_at` is when this copy was signed, in milliseconds.
    """
    content = _lowered(_object(text))
    name = shapes.text(content.get("eventtype"))[:LONGEST_NAME]
    if not name:
        raise Malformed("EventType is missing")
    return event(name, content, text, sent_at=sent_at)


def event(
    name: str,
    content: Mapping[str, Any],
    text: str,
    *,
    key: str = "",
    sent_at: int | None = None,
) -> Event:
    """An event from its name and its fields, whose keys are in lower case."""
    kind = KINDS.get(name, EventKind.OTHER)
    about_people = kind in (EventKind.JOINED, EventKind.CHANGED, EventKind.LEFT)
    about_departments = kind not in (EventKind.VERIFY, EventKind.OTHER)
    userids = _userids(content) if about_people else ()
    departments = _departments(content) if not about_people else ()
    return Event(
        key=key or _key(content, text),
        kind=kind,
        name=name,
        userids=userids,
        departments=departments if about_departments else (),
        born_at=_born_at(content),
        sent_at=sent_at,
        body=_storable(text),
    )


def failed(item: object) -> Event:
    """The event in an item of the list of failed pushes; raises Malformed."""
    if not isinstance(item, Mapping):
        raise Malformed("a failed push is expected")
    outer = _lowered(item)
    name = shapes.text(outer.get("call_back_tag"))[:LONGEST_NAME]
    if not name:
        raise Malformed("call_back_tag is missing")
    inner = outer.get(name.lower())
    if not isinstance(inner, Mapping):
        inner = next((v for v in outer.values() if isinstance(v, Mapping)), {})
    born_at = shapes.integer(outer.get("event_time"))
    content = _lowered(inner) | {"eventtime": born_at}
    text = _as_text(item)
    return event(name, content, text, key=_digest(text), sent_at=born_at)


def unreadable(item: object) -> Event:
    """An item of that list of which nothing can be read but that it is there."""
    text = _as_text(item)
    return Event(key=_digest(text), kind=EventKind.OTHER, name="unknown", body=text)


def _as_text(item: object) -> str:
    """JSON for people; as ASCII if it holds what no UTF-8 can."""
    text = json.dumps(item, ensure_ascii=False, sort_keys=True)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(item, sort_keys=True)
    return text


def streamed(headers: Mapping[str, Any], data: str) -> Event:
    """The event in a frame of stream mode, whose headers name it; raises Malformed.

    There is no time of signing: nobody can play such a frame to us again.
    """
    given = _lowered(headers)
    name = shapes.text(given.get("eventtype"))[:LONGEST_NAME]
    if not name:
        raise Malformed("eventType is missing")
    content = _lowered(_object(data))
    for ours, theirs in (("eventid", "eventid"), ("eventtime", "eventborntime")):
        if given.get(theirs):
            content[ours] = given[theirs]
    # Without an id: two events may carry the same data.
    key = _key(content, f"{name} {given.get('eventborntime')} {data}")
    return event(name, content, data, key=key)


def _object(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(content, Mapping):
        raise Malformed("not a JSON object")
    return content


def _lowered(content: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in content.items()}


def _userids(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that can be one; an odd id takes nothing from the others."""
    return tuple(dict.fromkeys(_possible(_listed(content, "userid"), shapes.userid)))


def _departments(content: Mapping[str, Any]) -> tuple[str, ...]:
    found = _possible(
        [*_listed(content, "deptid"), *_listed(content, "dept_id")],
        shapes.department_id,
    )
    return tuple(dict.fromkeys(found))


def _listed(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    if isinstance(value, str | int) and not isinstance(value, bool):
        return [value]
    return value if isinstance(value, list) else []


def _possible(values: list[Any], read: Any) -> Iterator[str]:
    for value in values:
        try:
            found = read(value)
        except Malformed:
            continue
        if found:
            yield found


def _born_at(content: Mapping[str, Any]) -> int | None:
    """When it happened, in milliseconds; None for what is no such time."""
    for key in ("eventtime", "timestamp"):
        at = shapes.integer(content.get(key))
        if at is not None and 0 < at < 7_258_118_400_000:  # until 2200
            return at
    return None


def _key(content: Mapping[str, Any], text: str) -> str:
    given = content.get("eventid")
    if isinstance(given, str) and _EVENT_ID.fullmatch(given):
        return given
    return _digest(text)


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can name and nothing can encode."""
    return text.encode("utf-8", "replace").decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
