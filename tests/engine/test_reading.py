"""What a read counts while it goes on: the total is never behind what was read."""

import pytest

from identity.connectors.records import Batch, DepartmentRead, DepartmentRecord, Scope
from identity.models import IdentityProvider
from sync.coverage import mapping_of
from sync.reading import Reading
from sync.staging import Stage


@pytest.mark.django_db(transaction=True)
def test_U20_a_department_that_is_read_before_it_is_listed_counts_once_in_both(
    idp: IdentityProvider,
) -> None:
    """The walk and the pages of people are read at the same time."""
    listed = Batch(departments=(DepartmentRecord("7", "Sales", "1"),))
    read = Batch(reads=(DepartmentRead("7", first=1, complete=True),))
    with Stage(idp.pk) as stage:
        reading = Reading(Scope(), mapping_of(idp), stage)
        for batch in (read, listed, read):
            reading.add(batch)
            assert (reading.departments_read, reading.departments_seen) == (1, 1)
