"""Who got a userid, or came back to it, after a run had written: that is newer than
what an undo of the run knows of it."""

from collections.abc import Iterable

from django.db.models import Min

from identity.models import IdentityProvider
from sync.models import Change, SyncRun
from sync.people import chunks

Kind = Change.Kind
BEGINS = (Kind.CREATE, Kind.REPLACE, Kind.RETURN)


class Since:
    """What became of userids since a run, as far as it was asked for."""

    def __init__(self, idp: IdentityProvider, run: SyncRun | None = None) -> None:
        self._idp = idp
        self._run = run
        self._first = 0
        if run is not None:
            own = Change.objects.filter(run=run, applied=True)
            self._first = own.aggregate(first=Min("pk"))["first"] or 0
        self.handed_on: set[str] = set()
        """Userids that another person got."""
        self.back: set[str] = set()
        """Userids whose holders had gone, and came back."""

    def look(self, userids: Iterable[str]) -> None:
        """Find out about these; a query for some hundred of them."""
        for chunk in chunks(userids):
            rows = Change.objects.filter(
                run__idp=self._idp,
                entity=Change.Entity.EMPLOYEE,
                kind__in=BEGINS,
                key__in=chunk,
                applied=True,
                pk__gt=self._first,
            ).exclude(run=self._run)
            for key, kind in rows.values_list("key", "kind"):
                (self.back if kind == Kind.RETURN else self.handed_on).add(key)
