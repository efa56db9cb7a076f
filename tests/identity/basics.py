"""The first step's form with values that are taken, and some of them changed."""

from typing import Any

from django.http import QueryDict

from identity.forms.idp import IdpForms
from identity.models import IdentityProvider

KEY = "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ"
GOOD = {
    "name": "test",
    "description": "DingTalk Logon",
    "status": "enabled",
    "corp_id": "ding3608be7c4e5266ce4ac5d6980864abcd",
    "app_key": "dingwjlht8b93araabcd",
    "app_secret": "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR-bn4FbfeVQQKNr1_1giWAabcd",
    "dingtalk_type": "standard",
    "push_method": "http",
    "aes_key": "",
    "token": "",
    "auto_sync": "on",
    "sync_users": "on",
    "sync_interval_hours": "24",
}


def sent(**changed: Any) -> QueryDict:
    """A POST of the good values, some changed; None leaves a field out."""
    data = QueryDict(mutable=True)
    for name, value in (GOOD | changed).items():
        if isinstance(value, list):
            data.setlist(name, value)
        elif value is not None:
            data[name] = value
    return data


def forms_of(idp: IdentityProvider, **changed: Any) -> IdpForms:
    return IdpForms(idp, sent(**changed))


def errors(idp: IdentityProvider, **changed: Any) -> dict[str, list[str]]:
    """Codes of the errors by field."""
    forms = forms_of(idp, **changed)
    return {
        name: [str(error.code) for error in found]
        for form in forms.both
        for name, found in form.errors.as_data().items()
    }
