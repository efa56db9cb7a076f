"""The calls of DingTalk's server API, and answers with a shape.

Each method names the page of open.dingtalk.com/document/development/ it comes from.
How a call is made, and what it raises, stands in `calling`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from identity.connectors.dingtalk import answers
from identity.connectors.dingtalk.calling import Call, Caller, Patience, Read, api

AGENT = "sasebridge/1"
"""What DingTalk is told that holds a push connection."""
PAGE = 100
"""People a page; DingTalk's most."""

SCOPES = "/auth/scopes"
DEPARTMENT = "/topapi/v2/department/get"
SUB_DEPARTMENTS = "/topapi/v2/department/listsub"
MEMBERS = "/topapi/v2/user/list"
USER = "/topapi/v2/user/get"
USER_COUNT = "/topapi/user/count"
FAILED_PUSHES = "/call_back/get_call_back_failed_result"
USER_TOKEN = "/v1.0/oauth2/userAccessToken"
ME = "/v1.0/contact/users/me"
BY_UNIONID = "/topapi/user/getbyunionid"
BY_CODE = "/topapi/v2/user/getuserinfo"
STREAM = "/v1.0/gateway/connections/open"
CORP_TOKEN = "/v1.0/oauth2/{corpId}/token"


class Client(Caller):
    """What one app of one company can ask DingTalk."""

    def reach(self, base: str) -> str:
        """Ask a host for anything; its Date header. Raises Unreachable."""
        return self._transport.reach(base)

    def fresh_token(self) -> None:
        """Ask for a token whatever is in memory.

        obtain-the-access-token-of-an-internal-app
        """
        self._retrying(lambda: self._slot.get(self._fetch_token, fresh=True))

    def corp_token(self, corp_id: str) -> None:
        """Ask whether the app lives in this company; raises if not. api-gettoken"""
        payload = {
            "client_id": self.app_key,
            "client_secret": self._secret,
            "grant_type": "client_credentials",
        }
        url = api(f"/v1.0/oauth2/{quote(corp_id, safe='')}/token")
        self._send(Call("POST", CORP_TOKEN, url, payload, legacy=False))

    def scopes(self) -> Read[answers.Range]:
        """What the app may read. obtain-corpsecret-authorization-scope"""
        return self._oapi(SCOPES, None, answers.scopes, method="GET")

    def department(self, department: str) -> Read[answers.DepartmentItem]:
        """One department. query-department-details0-v2"""
        return self._oapi(DEPARTMENT, {"dept_id": int(department)}, answers.department)

    def sub_departments(self, department: str) -> Read[answers.Listing]:
        """The direct children. user-management-acquires-the-list-departments"""
        return self._oapi(
            SUB_DEPARTMENTS, {"dept_id": int(department)}, answers.listing
        )

    def members(self, department: str, cursor: int = 0) -> Read[answers.Page]:
        """A page of direct members, access-restricted ones included.

        queries-the-complete-information-of-a-department-user
        """
        payload = {
            "dept_id": int(department),
            "cursor": cursor,
            "size": PAGE,
            "contain_access_limit": True,
        }
        return self._oapi(MEMBERS, payload, answers.page)

    def user(self, userid: str) -> Read[Mapping[str, Any]]:
        """One person with all details. query-user-details"""
        return self._oapi(USER, {"userid": userid}, answers.user)

    def user_count(self) -> Read[int]:
        """How many people there are. user-management-acquires-number-employees"""
        return self._oapi(USER_COUNT, {"only_active": False}, answers.count)

    def failed_pushes(self) -> Read[answers.FailedPushes]:
        """Pushes that failed; what the call before gave is deleted by this one.

        obtain-the-event-list-of-failed-push-messages
        """
        return self._oapi(FAILED_PUSHES, None, answers.failed_pushes, method="GET")

    def open_stream(self) -> Read[answers.Gateway]:
        """A ticket for one push connection: it lives 90 s and is good for one use.

        developerpedia: learn/stream/protocol
        """
        self._check_given()
        payload = {
            "clientId": self.app_key,
            "clientSecret": self._secret,
            "ua": AGENT,
            "subscriptions": [{"type": "EVENT", "topic": "*"}],
        }
        call = Call("POST", STREAM, api(STREAM), payload, legacy=False)
        return self._api(call, answers.gateway)

    # --- a logon: a person waits, so no turn is waited for ---

    def user_token(self, code: str) -> answers.UserToken:
        """Take a code of the logon page for a token of its person. obtain-user-token

        The code is good once, so a call without an answer may have used it up.
        """
        self._check_given()
        payload = {
            "clientId": self.app_key,
            "clientSecret": self._secret,
            "code": code,
            "grantType": "authorization_code",
        }
        call = Call(
            "POST", USER_TOKEN, api(USER_TOKEN), payload, legacy=False, hide=(code,)
        )
        return self._api(call, answers.user_token, self._once()).value

    def me(self, user_token: str) -> answers.Myself:
        """Whose token it is. dingtalk-retrieve-user-information"""
        headers = {"x-acs-dingtalk-access-token": user_token}
        call = Call(
            "GET", ME, api(ME), None, legacy=False, headers=headers, hide=(user_token,)
        )
        return self._api(call, answers.myself).value

    def by_unionid(self, unionid: str) -> answers.Contact:
        """Who of the company it is. query-a-user-by-the-union-id"""
        payload = {"unionid": unionid}
        return self._oapi(BY_UNIONID, payload, answers.contact, paced=False).value

    def by_code(self, code: str) -> answers.Visitor:
        """Who opened our page inside DingTalk; the code is good once.

        obtain-the-userid-of-a-user-by-using-the-log-free
        """
        return self._oapi(
            BY_CODE,
            {"code": code},
            answers.visitor,
            paced=False,
            patience=self._once(),
            hide=(code,),
        ).value

    def _once(self) -> Patience:
        return replace(self.patience, unreachable=0)
