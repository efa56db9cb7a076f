"""A company in which no page is empty, for whatever is thrown at its pages."""

import pytest

from identity.models import IdentityProvider
from tests import builders
from tests.journeys.pages import World, attempts, events, webhook


@pytest.fixture
def world(idp: IdentityProvider) -> World:
    """An IdP with credentials and a small directory, and a draft without."""
    root = builders.company(idp, people=3, departments=3)
    person = builders.employee(idp, "u1", departments=[root])
    run = builders.run(idp)
    builders.change(run, "employee", "update", "u1", before={}, after={})
    held = builders.run(idp, "held", digest="plan")
    builders.change(held, "employee", "remove", "u1", applied=False)
    draft = IdentityProvider.objects.create(kind=idp.kind)
    closed = builders.idp("Closed", status="closed")
    told = events(idp, run, person)
    made = (builders.application("Gateway"),)
    tried = attempts(idp, person)
    return World(
        *(idp, closed, draft, root, person, person, (run, held), told, made, tried),
        webhook(idp),
    )
