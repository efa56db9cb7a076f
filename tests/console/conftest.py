"""An IdP with people and runs, so that no page of the console is empty."""

import pytest

from identity.models import IdentityProvider
from tests import builders


@pytest.fixture
def hangzhou(transactional_db: None) -> IdentityProvider:
    """An IdP with people and runs, so that no page is empty."""
    idp = builders.idp(
        "Hangzhou",
        description="DingTalk Logon",
        settings={"corp_id": "ding3608be7c4e5266ce4ac5d6980864"},
    )
    builders.company(idp, people=30, departments=6)
    builders.run(idp)
    builders.run(idp, "held", error_cause="30 people would lose their access")
    builders.idp("", draft=True)
    return idp
