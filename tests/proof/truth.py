"""The oracle: what may never be, whatever happened, seen from the company alone."""

from collections import Counter

from identity.connectors.dingtalk.simulator.company import Company
from identity.models import IdentityProvider
from sync.models import Change, Employee, SyncRun

Kind = Change.Kind
BEGINS = (Kind.CREATE, Kind.RETURN)
ENDS = (Kind.LEAVE, Kind.OUT_OF_SCOPE, Kind.REPLACE)


class Truth:
    """Remembers who ever left, as DingTalk knows it, and judges the directory by it."""

    def __init__(self, idp: IdentityProvider, company: Company) -> None:
        self._idp, self._company = idp, company
        self._here: dict[str, str] = {}
        self._ever: set[str] = set()
        self._left: set[str] = set()
        self.look()

    def look(self) -> None:
        """See who is there now; the company has changed."""
        now = {p.userid: p.unionid for p in list(self._company.people.values())}
        self._left |= {u for u, of in self._here.items() if now.get(u) != of}
        self._here = now

    def judge(self) -> None:
        """Raises AssertionError if the directory is wrong about anybody."""
        self.look()
        active = self._active()
        wronged = (self._ever - self._left) - active
        assert not wronged, f"lost access without having left: {sorted(wronged)}"
        self._ever |= active
        broken = SyncRun.objects.filter(idp=self._idp, error_code="internal")
        assert not broken.exists(), "a run met an error of our own"
        self._replays(active)

    def _active(self) -> set[str]:
        rows = list(
            Employee.objects.filter(idp=self._idp, status="active").values_list(
                "userid", "unionid"
            )
        )
        for names in zip(*rows, strict=True):
            twice = [name for name, n in Counter(names).items() if name and n > 1]
            assert not twice, f"two active rows: {twice}"
        return {userid for userid, _ in rows}

    def _replays(self, active: set[str]) -> None:
        """The history, played from its beginning, ends with those who are here."""
        here: set[str] = set()
        told = Change.objects.filter(
            run__idp=self._idp, applied=True, entity=Change.Entity.EMPLOYEE
        )
        for kind, key in told.order_by("pk").values_list("kind", "key"):
            if kind in BEGINS:
                assert key not in here, f"{key}: {kind} of somebody who is here"
                here.add(key)
            elif kind in ENDS:
                assert key in here or kind == Kind.REPLACE, f"{key}: {kind} twice"
                here.discard(key)
            else:
                assert key in here, f"{key}: {kind} of somebody who is not here"
        assert here == active, here ^ active
