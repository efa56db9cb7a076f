"""The guide's four checks after a failed logon, answered from what is known (S177-S180)."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from identity.connection import addresses_of
from identity.connectors.records import LogonStage
from identity.models import IdentityProvider, LogonAttempt
from identity.subscription import Subscription, subscription_of
from identity.views.heard import heard, moment


@dataclass(frozen=True, slots=True)
class Answer:
    """One check: what it asks, how it stands (pass, warn, fail, skipped), what is known,
    what to do, where, and the value to paste."""

    key: str
    question: str
    state: str
    known: str
    fix: str = ""
    where: str = ""
    link: str = ""
    paste_label: str = ""
    paste: str = ""


def answers(idp: IdentityProvider) -> list[Answer]:
    """The four, in the guide's order."""
    found = subscription_of(idp)
    return [_keys(idp, found), _address(idp, found), _status(idp), _callback(idp)]


def _keys(idp: IdentityProvider, found: Subscription) -> Answer:
    question = _(
        "The AES Encryption Key and the Encryption Token match the values on %(vendor)s's "
        "Event Subscription page"
    ) % {"vendor": _vendor(idp)}
    events, link = _("Step Events"), _setup(idp)
    if found.streams:
        known = _("Not needed: events come in Stream Mode.")
        return Answer("keys", question, "skipped", known)
    if found.keys_at is None:
        known = _("They are not set here yet.")
        fix = _("Copy both from %(vendor)s and save them here.") % {
            "vendor": _vendor(idp)
        }
        return Answer("keys", question, "fail", known, fix, events, link)
    trouble = heard(idp, found).refused
    if trouble:
        return Answer(
            "keys", question, "fail", trouble.words, trouble.advice, events, link
        )
    at = _last_opened(found)
    if at:
        known = _("They match: the last push was opened with them at %(time)s.")
        return Answer("keys", question, "pass", known % {"time": moment(at)})
    known = _("Saved at %(time)s; nothing has come since that could tell.")
    fix = _("Press Save on %(vendor)s's page, or change somebody's title there.")
    known, fix = known % {"time": moment(found.keys_at)}, fix % {"vendor": _vendor(idp)}
    return Answer("keys", question, "warn", known, fix, events, link)


def _address(idp: IdentityProvider, found: Subscription) -> Answer:
    question = _("The Request URL in %(vendor)s is the Request Address of this IdP")
    question %= {"vendor": _vendor(idp)}
    if found.streams:
        known = _("Not needed: events come in Stream Mode.")
        return Answer("address", question, "skipped", known)
    value = addresses_of(idp).request_url
    at = _last_seen(idp, found)
    if at:
        known = _("It is: the last push came to this address at %(time)s.")
        return Answer("address", question, "pass", known % {"time": moment(at)})
    return Answer(
        "address",
        question,
        "warn",
        _("No push has ever come to this address."),
        _("Paste it as the Request URL in %(vendor)s and press Save there.")
        % {"vendor": _vendor(idp)},
        paste_label=_("Request Address"),
        paste=value,
    )


def _status(idp: IdentityProvider) -> Answer:
    question = _("The IdP status is Enabled")
    edit = reverse("identity:edit", args=[idp.pk])
    if idp.is_draft:
        known = _("It is a draft: Confirm was never pressed.")
        fix = _("Finish the wizard.")
        return Answer("status", question, "fail", known, fix, _("Setup"), _draft(idp))
    if idp.status == IdentityProvider.Status.CLOSED:
        known = _("It is closed: nobody can log on.")
        fix = _("Set IdP Status to Enabled.")
        return Answer(
            "status", question, "fail", known, fix, _("Edit Identity Source"), edit
        )
    return Answer("status", question, "pass", _("It is enabled."))


def _callback(idp: IdentityProvider) -> Answer:
    question = _(
        "The callback address is registered in %(vendor)s: Security Settings and "
        "Sharing Settings, Login Integration"
    ) % {"vendor": _vendor(idp)}
    at = _last_return(idp)
    value = addresses_of(idp).callback
    if at:
        known = _("It is: %(vendor)s last sent somebody back to it at %(time)s.")
        known %= {"vendor": _vendor(idp), "time": moment(at)}
        return Answer("callback", question, "pass", known)
    return Answer(
        "callback",
        question,
        "warn",
        _("Nobody has ever come back from %(vendor)s's logon page.")
        % {"vendor": _vendor(idp)},
        _("Add this address there, then press Test logon."),
        paste_label=_("Callback Domain Name"),
        paste=value,
    )


def _last_opened(found: Subscription) -> datetime | None:
    """When something was last opened with the present keys."""
    times = (found.verified_at, found.event_at)
    since = [at for at in times if at and found.keys_at and at >= found.keys_at]
    return max(since, default=None)


def _last_seen(idp: IdentityProvider, found: Subscription) -> datetime | None:
    """When anything came to the address, even what could not be opened."""
    call = idp.pushed_calls.order_by("-at").first()
    times = (call.at if call else None, found.verified_at, found.event_at)
    return max((at for at in times if at), default=None)


def _last_return(idp: IdentityProvider) -> datetime | None:
    """When a browser last came back with an answer to a logon that began here."""
    back = LogonAttempt.objects.filter(idp=idp, way__in=("page", "qr"))
    back = back.exclude(stage=LogonStage.STATE)
    return back.order_by("-pk").values_list("at", flat=True).first()


def _vendor(idp: IdentityProvider) -> str:
    return str(idp.connector_class.label)


def _setup(idp: IdentityProvider) -> str:
    return reverse("identity:setup-events", args=[idp.pk])


def _draft(idp: IdentityProvider) -> str:
    return reverse("identity:setup-basic", args=[idp.pk])
