"""The contract of an alert channel: how a vendor's robot tells people in a chat.

A connector that has one names it by `Connector.alert_channel`. Its settings are all
secret: whoever has the address may write into the chat.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from identity.inputs import StrictForm


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: plain text without markup, and where to read on."""

    title: str
    lines: tuple[str, ...]
    link: str
    link_label: str


class AlertChannel(ABC):
    """One robot. Built from a mapping of its settings; asks no database."""

    do_not_call_in_templates: ClassVar[bool] = True
    """Templates read the class, and would make one of it."""
    label: ClassVar["str | Promise"]
    """What the vendor calls it, e.g. "DingTalk group robot"."""
    per_minute: ClassVar[int]
    """Messages that it may send in any minute."""
    free_a_month: ClassVar[int] = 0
    """Calls of a calendar month that cost nothing, 0: no such limit."""
    zone: ClassVar[tzinfo]
    """In which the vendor's months begin."""
    notes: ClassVar[tuple["str | Promise", ...]] = ()
    """What to know about its price and limits, a sentence each."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings

    @classmethod
    @abstractmethod
    def form(cls) -> "type[StrictForm]":
        """Its fields, all secret; names of fields are names of settings."""

    @abstractmethod
    def send(self, message: Message) -> None:
        """Send one; it was taken if this returns. Raises `ConnectorError`.

        `Throttled` says when to try again.
        """
