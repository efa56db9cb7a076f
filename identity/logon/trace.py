"""Follows one attempt, and keeps what became of it."""

import secrets
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from identity import agents, audit
from identity.connectors.records import Check, Identity, LogonStage, LogonWay
from identity.logon.outcomes import Outcome, Refused
from identity.models import IdentityProvider, LogonAttempt, User

STAGES = tuple(LogonStage)
SUCCESS, FAILED = "logon.employee", "logon.employee.failed"


class Trace:
    """What a connector reports to (`LogonWatch`); kept with `failed` or `succeeded`."""

    def __init__(self, request: HttpRequest, way: LogonWay) -> None:
        self.request = request
        self.verdicts: list[Check] = []
        self.attempt = LogonAttempt(
            trace_id=secrets.token_hex(8),
            way=way.value,
            address=agents.address_of(request),
            agent=agents.name_of(request),
        )

    def about(self, idp: IdentityProvider, tester: User | None = None) -> None:
        """Whose logon it is."""
        self.attempt.idp, self.attempt.test = idp, tester is not None

    def names(self, identity: Identity) -> None:
        """Whom the vendor vouches for."""
        self.attempt.userid = identity.userid[:64]
        self.attempt.name = identity.name[:200]

    def passed(self, stage: LogonStage) -> None:
        """One more stage is behind it."""
        at = timezone.now().isoformat(timespec="milliseconds")
        self.attempt.stages.append({"stage": stage.value, "at": at})

    def verdict(self, check: Check) -> None:
        """What it proved beside, to be kept once it is over."""
        self.verdicts.append(check)

    @property
    def next_stage(self) -> LogonStage:
        """The first stage that it has not passed."""
        return STAGES[len(self.attempt.stages)]

    def failed(self, refused: Refused) -> LogonAttempt:
        """Keep a try that ended here. The audit trail, of which nothing is ever
        removed, has no line of it before it was known whose logon it is."""
        while STAGES.index(self.next_stage) < STAGES.index(refused.stage):
            self.passed(self.next_stage)
        self.attempt.stage, self.attempt.outcome = refused.stage, refused.outcome
        self.attempt.facts = refused.facts
        self._keep(FAILED, None, stage=refused.stage, outcome=refused.outcome)
        return self.attempt

    def succeeded(self, account: User | None) -> LogonAttempt:
        """Keep a try that went well, in the transaction that opens its session."""
        self.attempt.outcome, self.attempt.account = Outcome.SUCCESS, account
        self._keep(SUCCESS, account)
        return self.attempt

    def _keep(self, action: str, account: User | None, **detail: str) -> None:
        attempt = self.attempt
        if attempt.idp_id and not _exists(attempt.idp_id):
            attempt.idp = None  # deleted meanwhile
        attempt.save(force_insert=True)
        if attempt.idp is None or attempt.test or not attempt.stages:
            return
        told: dict[str, Any] = {"trace": attempt.trace_id, "way": attempt.way, **detail}
        if attempt.userid:
            told["userid"] = attempt.userid
        audit.record(
            action, by=account, target=attempt.idp, detail=told, request=self.request
        )


def _exists(idp_id: UUID) -> bool:
    return IdentityProvider.objects.filter(pk=idp_id).exists()
