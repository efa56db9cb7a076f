"""What the step Events says of a subscription: lines that tick, and what went wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from identity.models import IdentityProvider, PushedCall
from identity.subscription import Subscription

Outcome = PushedCall.Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list; `words` while it is open, or once it is done."""

    key: str
    words: str
    done: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that could not be opened, and what to do about it."""

    words: str
    advice: str
    address: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that the list shows. `mark` tells one state of it from another."""

    lines: tuple[Line, ...]
    lights: tuple[Line, ...]
    refused: Refused | None
    complete: bool
    mark: str

    @property
    def done(self) -> int:
        """How many lines and lights are done."""
        return sum(line.done for line in (*self.lines, *self.lights))

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.lines) + len(self.lights)

    def news(self, before: str) -> list[str]:
        """What is done and was not, when a page had this mark."""
        known = before.split(",")
        light = _("First event seen: %(name)s")
        return [
            *(one.words for one in self.lines if one.done and one.key not in known),
            *(
                light % {"name": one.words}
                for one in self.lights
                if one.done and one.key not in known
            ),
        ]


def heard(idp: IdentityProvider, found: Subscription) -> Heard:
    """A subscription in words."""
    vendor = str(idp.connector_class.label)
    lines, lights = tuple(_lines(found, vendor)), tuple(_lights(idp, found))
    call = None if found.streams else found.refused
    refused = Refused(*_refusal(idp, found, call), call.address) if call else None
    return Heard(lines, lights, refused, found.complete, _mark((*lines, *lights), call))


def moment(at: datetime) -> str:
    """The time of day, with the day unless it is today."""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return date_format(local, "H:i")
    return date_format(local, pgettext("date format", "j M, H:i"))


def _lines(found: Subscription, vendor: str) -> Iterator[Line]:
    if found.streams:
        return
    if found.keys_at:
        words = _("Keys saved at %(time)s") % {"time": moment(found.keys_at)}
    else:
        words = _("Keys saved")
    yield Line("keys", words, bool(found.keys_at))
    yield Line("address", _address(found, vendor), found.reached, _older(found))


def _address(found: Subscription, vendor: str) -> str:
    if found.verified and found.verified_at:
        words = _("%(vendor)s called to verify the address at %(time)s")
        return words % {"vendor": vendor, "time": moment(found.verified_at)}
    if found.reached and found.event_at:
        words = _("%(vendor)s reached the address at %(time)s")
        return words % {"vendor": vendor, "time": moment(found.event_at)}
    return _("%(vendor)s has called to verify the address") % {"vendor": vendor}


def _older(found: Subscription) -> str:
    """That the address was verified, but with other keys."""
    if found.reached or not (found.verified_at and found.keys_at):
        return ""
    words = _("It did at %(time)s, before the present keys were saved.")
    told = [words % {"time": moment(found.verified_at)}]
    if found.former_until:
        words = _("The keys before them are taken until %(time)s.")
        told.append(words % {"time": moment(found.former_until)})
    return " ".join(told)


def _lights(idp: IdentityProvider, found: Subscription) -> Iterator[Line]:
    for name, label in idp.connector_class.event_labels.items():
        at = found.first.get(name)
        note = moment(at) if at else _("not yet")
        yield Line(name, str(label), at is not None, note)


def _refusal(
    idp: IdentityProvider, found: Subscription, call: PushedCall
) -> tuple[str, str]:
    """What happened, and what to do."""
    names = idp.connector_class.push_names
    about = {
        "vendor": idp.connector_class.label,
        "time": moment(call.at),
        "cause": call.get_outcome_display(),
        "token": names.get("token", ""),
        "aes_key": names.get("aes_key", ""),
    }
    if call.outcome == Outcome.NO_KEYS:
        words = _(
            "%(vendor)s tried to verify this address at %(time)s, but the keys were "
            "not set here yet."
        )
    else:
        words = _("A call at %(time)s was refused. %(cause)s.")
    return words % about, _advice(found, call) % about


def _advice(found: Subscription, call: PushedCall) -> str:
    if call.outcome == Outcome.MALFORMED:
        return _(
            "Nothing that %(vendor)s sends looks like this: somebody else called, or "
            "something in between changed the call."
        )
    if found.keys_at and found.keys_at > call.at:
        return _("The keys were saved since then: press Save in %(vendor)s again.")
    advice = {
        Outcome.NO_KEYS: _("Save the keys here, then press Save in %(vendor)s again."),
        Outcome.TOKEN: _(
            "Copy %(token)s from %(vendor)s into Encryption Token again and save here, "
            "then press Save in %(vendor)s again."
        ),
        Outcome.AES_KEY: _(
            "Copy %(aes_key)s from %(vendor)s into AES Encryption Key again and save "
            "here, then press Save in %(vendor)s again."
        ),
        Outcome.OWNER: _(
            "Compare the credentials of this IdP with the application in %(vendor)s "
            "whose events these are: they belong to two."
        ),
    }
    return advice.get(Outcome(call.outcome), "")


def _mark(lines: Iterable[Line], call: PushedCall | None) -> str:
    done = [line.key for line in lines if line.done]
    return ",".join([*done, f"refused {call.pk}"] if call else done)
