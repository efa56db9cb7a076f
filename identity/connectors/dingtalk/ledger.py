"""What a running read knows of each department: its parent, and how far it was read.

Nothing else of a company is kept in memory while it is read.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from identity.connectors.records import DepartmentRead, FaultKind


class Sighting(Enum):
    """What it means that a department's listing names a child."""

    NEW = auto()
    TOP = auto()  # chosen itself, and now seen below another chosen one
    SAME = auto()  # named twice
    MOVED = auto()  # seen elsewhere before: it was moved while it was read
    CYCLE = auto()  # it stands above itself


@dataclass(slots=True)
class _Entry:
    """A department; `walked` and `listed` are None until that part is finished."""

    parent: str | None
    walked: bool | None
    listed: bool | None
    top: bool
    first: int = 0


class Ledger:
    """Departments by id. `walks` and `lists` say what is read of each of them."""

    def __init__(self, *, walks: bool, lists: bool) -> None:
        self._blank = (None if walks else True, None if lists else True)
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._tops: set[str] = set()
        self._named: set[str] = set()
        self._said: set[tuple[FaultKind, str]] = set()

    def begin(self, top: str) -> None:
        """Note a department that is read because the scope names it."""
        with self._lock:
            self._tops.add(top)
            self._entries[top] = _Entry(None, *self._blank, top=True)

    def place(self, top: str, parent: str | None) -> None:
        """Note where a chosen department hangs, unless a listing has shown it."""
        with self._lock:
            if self._entries[top].top:
                self._entries[top].parent = parent

    def enter(self, key: str, parent: str) -> Sighting:
        """Note that a department was seen below a parent; NEW if it has to be read."""
        with self._lock:
            known = self._entries.get(key)
            if known is None:
                self._entries[key] = _Entry(parent, *self._blank, top=False)
                return Sighting.NEW
            if key in self._climb(parent):
                return Sighting.CYCLE
            if known.top:
                known.top, known.parent = False, parent
                return Sighting.TOP
            return Sighting.SAME if known.parent == parent else Sighting.MOVED

    def settle(
        self,
        key: str,
        *,
        walked: bool | None = None,
        listed: bool | None = None,
        first: int = 0,
    ) -> tuple[DepartmentRead, ...]:
        """Note that a part is finished, or its first number; the read once all is."""
        with self._lock:
            entry = self._entries[key]
            entry.first = entry.first or first
            entry.walked = entry.walked if walked is None else walked
            entry.listed = entry.listed if listed is None else listed
            if entry.walked is None or entry.listed is None:
                return ()
            return (self._read(key, entry),)

    def unfinished(self) -> tuple[DepartmentRead, ...]:
        """Incomplete reads of the departments whose lane was closed."""
        with self._lock:
            return tuple(
                self._read(key, entry)
                for key, entry in self._entries.items()
                if entry.walked is None or entry.listed is None
            )

    def is_top(self, key: str) -> bool:
        """Whether a chosen department was not seen below another one."""
        with self._lock:
            return self._entries[key].top

    def name(self, keys: Iterable[str]) -> None:
        """Note departments that people's records name."""
        with self._lock:
            self._named.update(key for key in keys if key not in self._entries)

    def strays(self) -> list[str]:
        """Departments that records name and that no listing has shown."""
        with self._lock:
            return sorted(self._named - self._entries.keys())

    def misplaced(self, key: str) -> FaultKind | None:
        """Why a known department does not hang on one that the scope names."""
        with self._lock:
            chain = list(self._climb(key))
            if chain[-1] in self._tops:
                return None
            above = self._entries[chain[-1]].parent
        return FaultKind.CYCLE if above in chain else FaultKind.ORPHAN

    def once(self, kind: FaultKind, where: str) -> bool:
        """Whether this fault is said for the first time."""
        with self._lock:
            fresh = (kind, where) not in self._said
            self._said.add((kind, where))
            return fresh

    def _climb(self, key: str) -> Iterator[str]:
        """The known departments from one upwards, each once."""
        seen: set[str] = set()
        place: str | None = key
        while place in self._entries and place not in seen:
            seen.add(place)
            yield place
            place = self._entries[place].parent

    @staticmethod
    def _read(key: str, entry: _Entry) -> DepartmentRead:
        return DepartmentRead(key, entry.first, bool(entry.walked and entry.listed))
