"""The values that a form was filled from travel along with it, signed, so that a save
never undoes what somebody else saved meanwhile (I-85)."""

from collections.abc import Collection, Mapping
from typing import Any

from django.core import signing
from django.http import QueryDict
from django.utils.crypto import salted_hmac

from identity.forms.idp import IdpForms, core_values
from identity.models import IdentityProvider, secret_fingerprints

SALT = "identity.version"
State = Mapping[str, Any]


def state_of(idp: IdentityProvider) -> dict[str, Any]:
    """Every value of the form as stored; of a secret only a keyed digest."""
    kept = idp.present_secrets().values_list("name", "fingerprint")
    return core_values(idp) | idp.plain() | {name: _digest(mark) for name, mark in kept}


def signed(state: State) -> str:
    """The state as the hidden field `version`."""
    return signing.dumps(dict(state), salt=SALT, compress=True)


def sent(data: Mapping[str, Any], now: State) -> State:
    """The state that a form was filled from.

    A form without one (a script's) was filled just now; what is no state of ours is
    older than anything.
    """
    if "version" not in data:
        return now
    try:
        state: dict[str, Any] = signing.loads(data["version"], salt=SALT)
    except signing.BadSignature:
        return {}
    return state


def overtaken(forms: IdpForms, base: State) -> list[str]:
    """Fields that saving would set back: changed by somebody else since `base`, and
    sent with another value. The same value from both is no conflict."""
    now = state_of(forms.idp)
    return [name for name in forms.changes() if base.get(name) != now.get(name)]


def left_alone(forms: IdpForms, base: State) -> list[str]:
    """Which of the overtaken fields the sender did not touch."""
    names = overtaken(forms, base)
    mine = touched(forms, base, names)
    return [name for name in names if name not in mine]


def merged(forms: IdpForms, names: Collection[str], data: QueryDict) -> QueryDict:
    """What was sent, with these fields, which the sender left alone, up to date."""
    now, data = state_of(forms.idp), data.copy()
    for name in names:
        if name in forms.idp.connector_class.secret_settings:
            data.pop(name)  # left empty, it is kept
        else:
            _put(data, name, now[name])
    return data


def touched(forms: IdpForms, base: State, names: Collection[str]) -> set[str]:
    """Which of these fields the sender changed too.

    A secret stays in its input after a draft stored it: what is still what `base` had
    was left alone, as with any other field; unless the page says `touched`, because it
    was put back before an answer came.
    """
    typed, said = forms.values(), forms.core.data.get("touched", "").split()
    return {
        name
        for name in names
        if name in said or base.get(name) not in _as_stored(forms, name, typed)
    }


def _as_stored(forms: IdpForms, name: str, typed: Mapping[str, Any]) -> list[Any]:
    """What a state would hold of a typed value; of a secret by each key of the ring."""
    if name not in forms.idp.connector_class.secret_settings or name not in typed:
        return [typed.get(name)]
    marks = secret_fingerprints(forms.idp, name, typed[name])
    return [_digest(mark) for mark in marks]


def _digest(fingerprint: str) -> str:
    """What travels of a secret: another digest than the database has."""
    return salted_hmac(SALT, fingerprint, algorithm="sha256").hexdigest()[:32]


def _put(data: QueryDict, name: str, value: Any) -> None:
    """Set a field as a browser would send it: a switch that is off is left out."""
    if value is False:
        data.pop(name, None)
    else:
        data[name] = "on" if value is True else str(value)
