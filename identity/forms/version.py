"""The values that a form was filled from travel along with it, signed, so that a save
never undoes what somebody else saved meanwhile (I-85)."""

from collections.abc import Collection, Mapping
from typing import Any

from django.core import signing
from django.http import QueryDict

from identity.forms.idp import IdpForms, core_values
from identity.models import IdentityProvider

SALT = "identity.version"
State = Mapping[str, Any]


def state_of(idp: IdentityProvider) -> dict[str, Any]:
    """Every value of the form as stored; of a secret only which row holds it."""
    connector = idp.connector_class
    plain = {name: idp.settings.get(name, "") for name in connector.plain_settings}
    secrets = dict(idp.secrets.order_by("created_at").values_list("name", "pk"))
    return core_values(idp) | plain | secrets


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


def merged(forms: IdpForms, base: State, data: QueryDict) -> QueryDict:
    """What was sent, where the sender left a field alone brought up to date."""
    now, typed = state_of(forms.idp), forms.values()
    data = data.copy()
    for name in overtaken(forms, base):
        if name in base and typed[name] == base[name]:
            _put(data, name, now[name])
    return data


def touched(forms: IdpForms, base: State, names: Collection[str]) -> set[str]:
    """Which of these fields the sender changed too."""
    typed = forms.values()
    return {name for name in names if typed.get(name) != base.get(name)}


def _put(data: QueryDict, name: str, value: Any) -> None:
    """Set a field as a browser would send it: a switch that is off is left out."""
    if value is False:
        data.pop(name, None)
    else:
        data[name] = "on" if value is True else str(value)
