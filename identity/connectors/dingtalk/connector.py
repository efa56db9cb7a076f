"""DingTalk's answers to the connector contract."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.connectors.base import (
    PUSH_METHOD,
    Addresses,
    Connector,
    LogonWatch,
    Opened,
    Push,
    PushMethod,
)
from identity.connectors.dingtalk import (
    events,
    fields,
    findings,
    oauth,
    people,
    pushes,
    rows,
    sample,
    stream,
)
from identity.connectors.dingtalk.calling import Patience
from identity.connectors.dingtalk.checks import run_checks
from identity.connectors.dingtalk.client import Client
from identity.connectors.dingtalk.halt import Halt
from identity.connectors.dingtalk.lookup import lookup
from identity.connectors.dingtalk.shapes import Malformed
from identity.connectors.dingtalk.snapshot import snapshot
from identity.connectors.errors import ConnectorError, Gone
from identity.connectors.records import (
    ROOT,
    Batch,
    Check,
    CheckStatus,
    Company,
    CopyValue,
    DepartmentRecord,
    EmployeeRecord,
    Event,
    Identity,
    LogonWay,
    Lookup,
    MembershipRecord,
    Scope,
    SourceField,
)

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from identity.connectors.alerting import AlertChannel
    from identity.inputs import CredentialsForm


class DingTalk(Connector):
    """An internal app of one company on the DingTalk Open Platform."""

    kind: ClassVar[str] = "dingtalk"
    label: ClassVar["str | Promise"] = gettext_lazy("DingTalk")
    streams: ClassVar[bool] = True
    plain_settings: ClassVar[tuple[str, ...]] = (
        "corp_id",
        "app_key",
        "dingtalk_type",
        PUSH_METHOD,
    )
    setting_defaults: ClassVar[Mapping[str, str]] = {PUSH_METHOD: PushMethod.HTTP.value}
    secret_settings: ClassVar[tuple[str, ...]] = ("app_secret", "aes_key", "token")
    tested_settings: ClassVar[tuple[str, ...]] = (
        "corp_id",
        "app_key",
        "app_secret",
        "dingtalk_type",
    )
    push_settings: ClassVar[tuple[str, ...]] = ("aes_key", "token")
    event_labels: ClassVar["Mapping[str, str | Promise]"] = {
        "user_add_org": gettext_lazy("User Added To Address Book"),
        "user_modify_org": gettext_lazy("User In Address Book Changed"),
        "user_leave_org": gettext_lazy("User Removed From Address Book"),
        "org_dept_create": gettext_lazy("Department Created In Address Book"),
        "org_dept_modify": gettext_lazy("Department In Address Book Modified"),
        "org_dept_remove": gettext_lazy("Department In Address Book Deleted"),
    }
    push_names: ClassVar["Mapping[str, str | Promise]"] = {
        "address": gettext_lazy("Request URL (请求网址)"),
        "aes_key": gettext_lazy("Encryption Aes_key (加密 aes_key)"),
        "token": gettext_lazy("Signature Token (签名 token)"),
    }
    homepage_name: ClassVar[str] = "dingAuth"
    in_app: ClassVar[str] = "dingtalk/in_app.html"
    guide: ClassVar[str] = "dingtalk/guide.html"
    event_guide: ClassVar[str] = "dingtalk/events.html"

    @classmethod
    def credentials_form(cls) -> "type[CredentialsForm]":
        """CorpId, AppKey, AppSecret and the advanced settings."""
        # Imported late: the forms need the app registry, which needs this class.
        from identity.connectors.dingtalk.forms import DingTalkCredentialsForm

        return DingTalkCredentialsForm

    @classmethod
    def copy_values(cls, addresses: Addresses) -> tuple[CopyValue, ...]:
        """Request URL, Application Homepage Address, Callback Domain Name."""
        return (
            CopyValue(
                "request_url",
                _("Request URL"),
                addresses.request_url,
                _("Event Subscription > Request URL"),
            ),
            CopyValue(
                "homepage",
                _("Application Homepage Address"),
                addresses.homepage,
                _("Application Capabilities > Web App > Application Homepage URL"),
            ),
            CopyValue(
                "callback",
                _("Callback Domain Name"),
                addresses.callback,
                _(
                    "Security Settings > Redirection URL (Callback Domain), and"
                    " Sharing Settings > Login Integration"
                ),
            ),
        )

    @classmethod
    def source_fields(cls) -> tuple[SourceField, ...]:
        """The fields of user/list, then those that only user/get carries."""
        return fields.SOURCE_FIELDS

    @classmethod
    def rate(cls) -> float:
        """DINGTALK_RATE, which the pacer keeps."""
        return float(settings.DINGTALK_RATE)

    def _client(self) -> Client:
        """A client whose calls end when the reader is told to stop."""
        return Client(self.credentials, self.gate, stopped=Halt(self.stop))

    def checks(self) -> Iterator[Check]:
        """The connectivity test; see `checks` for its rows."""
        return run_checks(self.credentials, self.gate)

    def recalled(self, check: Check, status: CheckStatus) -> Check:
        """What a logon found out about the two permissions on a person's own token."""
        return rows.remembered(check, status, self.credentials.get("app_key", ""))

    def departments(self, parent_id: str | None) -> tuple[DepartmentRecord, ...]:
        """Live children of a department; of None, the tops of the app's range."""
        client = self._client()
        if parent_id is None:
            given = client.scopes().value
            tops = (ROOT,) if given.whole else given.departments
            return tuple(_top(client, key) for key in tops)
        read = client.sub_departments(_possible(parent_id))
        return tuple(
            DepartmentRecord(item.id, item.name, parent_id, order, read.number)
            for order, item in enumerate(read.value.departments)
        )

    def department(self, department_id: str) -> DepartmentRecord:
        """Ask for one department."""
        client = self._client()
        return _top(client, _possible(department_id))

    def snapshot(
        self,
        scope: Scope,
        *,
        details: bool = False,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Batch]:
        """Read a scope; see `snapshot`."""
        return snapshot(self.credentials, self.gate, scope, details=details, stop=stop)

    def lookup(self, userid: str) -> Lookup:
        """Ask for one person."""
        return lookup(self._client(), userid)

    def sample(self, size: int = 100) -> tuple[Batch, ...]:
        """A few people from the top of the app's range."""
        client = self._client()
        batches: list[Batch] = []
        left = size
        for department, read in sample.pages(client, client.scopes().value):
            found = list(_readable(read.value.items[:left], department, read.number))
            batches.append(
                Batch(
                    employees=tuple(person for person, _places in found),
                    memberships=tuple(p for _person, places in found for p in places),
                )
            )
            left -= len(found)
            if left <= 0:
                break
        return tuple(batches)

    def headcount(self) -> int:
        """What user/count says; it knows no permission scope."""
        return self._client().user_count().value

    def whose_company(self) -> Company:
        """Whether the app lives in the company of the CorpId."""
        client = self._client()
        try:
            client.corp_token(self.company())
        except ConnectorError as error:
            foreign = findings.denies_corp(error)
            return Company.OTHER if foreign else Company.UNSURE
        finally:
            client.close()
        return Company.SAME

    @classmethod
    def alert_channel(cls) -> "type[AlertChannel]":
        """The group robot; see `robot`."""
        # Imported late: its form needs the app registry, which needs this class.
        from identity.connectors.dingtalk.robot import GroupRobot

        return GroupRobot

    @classmethod
    def keys_of_nobody(cls) -> Mapping[str, str]:
        """Both keys, of the usual lengths."""
        return {"aes_key": secrets.token_hex(22)[:43], "token": secrets.token_hex(16)}

    def open(self, push: Push) -> Opened:
        """Check and decrypt a push; see `pushes`."""
        return pushes.open_push(self.credentials, push)

    def acknowledge(self, owner: str) -> str:
        """The sealed "success", signed for the owner that the push named."""
        return pushes.acknowledgement(self.credentials, owner)

    def failed_events(self) -> Iterator[tuple[Event, ...]]:
        """What get_call_back_failed_result hands out; it forgets with the next call.

        So a call without an answer is not repeated: its answer may be what it forgets.
        """
        once = Patience(unreachable=0)
        client = Client(self.credentials, self.gate, patience=once)
        more = True
        while more:
            found = client.failed_pushes().value
            more = found.more
            yield tuple(_told(found.items))

    @classmethod
    def logon_origin(cls) -> str:
        """The host of DINGTALK_LOGIN_URL."""
        return oauth.origin()

    def company(self) -> str:
        """The CorpId."""
        return self.credentials.get("corp_id", "")

    def logon_url(self, way: LogonWay, *, callback: str, state: str) -> str:
        """DingTalk's logon page; see `oauth`."""
        return oauth.page(self.credentials, way, callback, state)

    def code_of(self, answer: Mapping[str, str]) -> str:
        """Equal values; `authCode` first."""
        return answer.get("authCode") or answer.get("code") or ""

    def identify(self, code: str, way: LogonWay, watch: LogonWatch) -> Identity:
        """Who is behind a code; see `oauth`."""
        return oauth.identify(self.credentials, self.gate, code, way, watch)

    def stream(
        self,
        deliver: Callable[[Event], None],
        stop: Callable[[], bool],
        report: Callable[[ConnectorError | None], None],
    ) -> None:
        """Hold DingTalk's push connection; see `stream`."""
        stream.hold(self.credentials, self.gate, deliver, stop, report)


def _possible(department_id: str) -> str:
    """The id, if DingTalk could have given it out: a positive int64 in plain digits."""
    if re.fullmatch(r"[1-9][0-9]{0,18}", department_id):
        return department_id
    raise Gone(_("There is no such department."), code="60003")


def _top(client: Client, key: str) -> DepartmentRecord:
    read = client.department(key)
    parent = read.value.parent_id
    return DepartmentRecord(key, read.value.name, parent, read=read.number)


def _told(items: tuple[object, ...]) -> Iterator[Event]:
    for item in items:
        try:
            yield events.failed(item)
        except Malformed:
            yield events.unreadable(item)


def _readable(
    items: tuple[object, ...], department: str, number: int
) -> Iterator[tuple[EmployeeRecord, tuple[MembershipRecord, ...]]]:
    for raw in items:
        try:
            yield people.listed(raw, department, number)
        except Malformed:
            continue
