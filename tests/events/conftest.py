"""An IdP whose event keys are set, and DingTalk, who knows them."""

import pytest

from identity.models import IdentityProvider, User
from sync.models import Employee
from tests import builders
from tests.events.sender import KEY, TOKEN, Sender


@pytest.fixture
def keyed(idp: IdentityProvider) -> IdentityProvider:
    """A confirmed IdP that waits for events."""
    idp.set_secret("aes_key", KEY)
    idp.set_secret("token", TOKEN)
    return idp


@pytest.fixture
def sender(keyed: IdentityProvider) -> Sender:
    """DingTalk."""
    return Sender.of(keyed)


@pytest.fixture
def people(keyed: IdentityProvider) -> dict[str, Employee]:
    """Three people of it who have accounts."""
    return {
        userid: builders.employee(
            keyed, userid, account=User.objects.create_user(f"account-{userid}")
        )
        for userid in ("u1", "u2", "u3")
    }
