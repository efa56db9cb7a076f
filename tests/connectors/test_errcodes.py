"""What DingTalk's codes mean: the tables of the protocol, in its order."""

from datetime import datetime
from typing import Any

import pytest

from identity.connectors import errors
from identity.connectors.dingtalk import errcodes
from identity.connectors.dingtalk.shapes import CHINA

pytestmark = pytest.mark.alone

LINK = "https://open-dev.dingtalk.com/appscope/apply?content=dingabc%23qyapi_x"
PERMISSION_TEXT = (
    "ding talk error[subcode=60011,submsg=应用尚未开通所需的权限：[qyapi_x]，"
    f"点击链接申请并开通即可：{LINK}, {{requiredScopes=[qyapi_x]}}]"
)


def legacy(code: Any, text: str = "", **more: Any) -> errors.ConnectorError | None:
    return errcodes.judge(200, {"errcode": code, "errmsg": text, **more}, legacy=True)


def wrapped(code: str, text: str = "") -> errors.ConnectorError | None:
    more = {"sub_code": code, "sub_msg": text}
    return legacy(88, f"ding talk error[subcode={code},submsg={text}]", **more)


def modern(
    status: int, code: str, text: str = "", **more: Any
) -> errors.ConnectorError | None:
    body = {"code": code, "message": text, "requestid": "r1", **more}
    return errcodes.judge(status, body, legacy=False)


BY_CODE = [
    ("90018", errors.Throttled),
    ("90002", errors.Throttled),
    ("90019", errors.Throttled),
    ("90020", errors.Throttled),
    ("60020", errors.AddressRejected),
    ("60011", errors.PermissionMissing),
    ("43007", errors.PermissionMissing),
    ("40014", errcodes.TokenInvalid),
    ("42001", errcodes.TokenInvalid),
    ("40096", errors.CredentialsRejected),
    ("40089", errors.CredentialsRejected),
    ("40001", errors.CredentialsRejected),
    ("50003", errors.CredentialsRejected),
    ("50005", errors.CredentialsRejected),
    ("70001", errors.CredentialsRejected),
    ("60121", errors.Gone),
    ("33012", errors.Gone),
    ("60003", errors.Gone),
    ("50002", errors.OutOfScope),
    ("50004", errors.OutOfScope),
    ("-1", errors.Unreachable),
    ("15", errors.Unreachable),
    ("400002", errors.Unexpected),
    ("31415", errors.Unexpected),
    ("22", errors.Unexpected),
]


@pytest.mark.parametrize(("code", "kind"), BY_CODE)
def test_a_code_means_the_same_bare_wrapped_and_hidden_in_the_text(
    code: str, kind: type[errors.ConnectorError]
) -> None:
    """The 88 wrapper carries it in sub_code, or in errmsg alone."""
    in_text = legacy(88, f"ding talk error[subcode={code},submsg=x]")
    for error in (legacy(int(code)), wrapped(code), in_text):
        assert type(error) is kind
        assert error.code == code


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", errors.Throttled),
        (403, "Forbidden.AccessDenied.QpsLimitForApi", errors.Throttled),
        (403, "Forbidden.AccessDenied.QpmLimitForApi", errors.Throttled),
        (403, "Forbidden.AccessDenied.ApiCountLimitForOrg", errors.Throttled),
        (429, "systemBusy", errors.Throttled),
        (403, "Forbidden.AccessDenied.IpNotInWhiteList", errors.AddressRejected),
        (
            403,
            "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            errors.PermissionMissing,
        ),
        (400, "InvalidAuthentication", errcodes.TokenInvalid),
        (401, "whatever", errcodes.TokenInvalid),
        (400, "invalidClientIdOrSecret", errors.CredentialsRejected),
        (401, "unauthorized.client", errors.CredentialsRejected),
        (400, "invalid.client", errors.CredentialsRejected),
        (500, "unknownError", errors.Unreachable),
        (500, "system.busy", errors.Unreachable),
        (504, "ServiceTimeout", errors.Unreachable),
        (400, "something.new", errors.Unexpected),
    ],
)
def test_a_v1_answer_is_read_by_its_code_and_not_by_its_status(
    status: int, code: str, kind: type[errors.ConnectorError]
) -> None:
    """A limit is a 403 as a missing permission is one."""
    assert type(modern(status, code)) is kind


def test_success_is_no_error_even_with_errcode_as_text() -> None:
    assert legacy(0, "ok") is None
    assert legacy("0", "ok") is None
    assert errcodes.judge(200, {"accessToken": "t"}, legacy=False) is None


def test_errcode_as_text_keeps_its_meaning() -> None:
    assert type(legacy("60121", "gone")) is errors.Gone


@pytest.mark.parametrize(
    "body", [[], None, "ok", {}, {"errcode": None}, {"errcode": True}, {"errcode": {}}]
)
def test_an_answer_without_a_code_is_never_a_success(body: object) -> None:
    """R7: unknown is failed."""
    assert type(errcodes.judge(200, body, legacy=True)) is errors.Unexpected


def test_an_unversioned_path_on_the_api_host_is_not_a_success() -> None:
    error = errcodes.judge(200, {"errcode": 404, "errmsg": "x"}, legacy=False)
    assert type(error) is errors.Unexpected


def test_a_wrapper_without_a_code_means_that_the_back_end_timed_out() -> None:
    error = legacy(88, "ding talk error", sub_code="")
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "busy"


def test_the_top_timeout_in_words_is_busy() -> None:
    error = wrapped("isp.top-remote-connection-timeout")
    assert isinstance(error, errors.Unreachable)


def test_a_limit_that_quotes_a_permission_is_still_a_limit() -> None:
    """The order is limit, address, permission, token, the rest."""
    error = wrapped("90018", "requiredScopes=[x] request ip=203.0.113.9")
    assert type(error) is errors.Throttled


def test_a_missing_permission_names_scopes_and_the_link_to_apply() -> None:
    error = legacy(88, PERMISSION_TEXT, sub_code="60011")
    assert isinstance(error, errors.PermissionMissing)
    assert error.scopes == ("qyapi_x",)
    assert error.link == LINK
    assert "qyapi_x" in error.message


def test_the_older_permission_text_has_no_scope_and_still_a_place_to_go() -> None:
    error = wrapped("60011", "没有调用该接口的权限，接口权限申请参考：…")
    assert isinstance(error, errors.PermissionMissing)
    assert error.scopes == ()
    assert error.link == errcodes.CONSOLE


def test_a_v1_permission_is_named_by_its_details_and_gets_a_link() -> None:
    body = {
        "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        "message": "x",
        "accessdenieddetail": {"requiredScopes": ["Contact.User.Read"]},
    }
    error = errcodes.judge(403, body, legacy=False, app_key="dingabc")
    assert isinstance(error, errors.PermissionMissing)
    assert error.scopes == ("Contact.User.Read",)
    assert error.link.endswith("apply?content=dingabc%23Contact.User.Read")


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9"])
def test_a_foreign_address_is_taken_out_of_the_text(address: str) -> None:
    """F-51: what DingTalk saw is what must be allow-listed; it may be IPv6."""
    text = f"访问ip不在白名单之中,request ip={address} appKey(dingabc)"
    for error in (wrapped("60020", text), legacy(60020, text)):
        assert isinstance(error, errors.AddressRejected)
        assert error.address == address
        assert address in error.message


def window(begin: str, end: str) -> str:
    return f"x 从 {begin} 到 {end} 请求总次数超过 1200 次, 限制将在 {end} 结束."


def test_a_limit_says_when_its_window_ends_in_china_time() -> None:
    text = window("2026-01-01 10:00:00", "2026-01-01 10:00:02")
    now = datetime(2026, 1, 1, 9, 59, 58, tzinfo=CHINA)
    assert errcodes.retry_after(text, now) == 4.0


def test_a_wrong_clock_waits_for_the_length_of_the_window() -> None:
    text = window("2026-01-01 10:00:00", "2026-01-01 10:00:03")
    for year in (2020, 2030):
        assert errcodes.retry_after(text, datetime(year, 1, 1, tzinfo=CHINA)) == 3.0


@pytest.mark.parametrize(
    "text", ["", "触发了qps流控", window("2026-13-01 10:00:00", "2026-01-01 10:00:03")]
)
def test_a_limit_without_a_window_waits_a_second(text: str) -> None:
    assert errcodes.retry_after(text) == 1.0


@pytest.mark.parametrize(
    "code", ["90020", "Forbidden.AccessDenied.ApiCountLimitForOrg"]
)
def test_a_used_up_month_is_told_from_a_busy_second(code: str) -> None:
    body = {"code": code, "message": ""} if "." in code else {"errcode": int(code)}
    error = errcodes.judge(403, body, legacy="." not in code)
    assert isinstance(error, errors.Throttled)
    assert error.quota


def test_the_ban_of_an_address_lasts_as_long_as_it_says() -> None:
    body = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "x"}
    for legacy_host in (True, False):
        error = errcodes.judge(200, body, legacy=legacy_host)
        assert isinstance(error, errors.Throttled)
        assert error.retry_after == 300.0


def test_a_ban_page_in_html_is_a_ban() -> None:
    error = errcodes.not_json(200, "<script>_____tmd_____/punish?x5secdata=a</script>")
    assert isinstance(error, errors.Throttled)
    assert error.retry_after == 300.0


def test_a_page_of_somebody_else_is_quoted_and_unexpected() -> None:
    """F-38."""
    error = errcodes.not_json(200, "<html>Wi-Fi\x00 logon</html>")
    assert type(error) is errors.Foreign
    assert error.code == "not-json"
    assert "Wi-Fi" in error.message
    assert "\x00" not in error.message


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_error_page_is_worth_another_try(status: int) -> None:
    """F-33."""
    error = errcodes.not_json(status, "<html>bad gateway</html>")
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "busy"


def test_a_proxy_that_wants_a_logon_is_named() -> None:
    error = errcodes.not_json(407, "<html></html>")
    assert isinstance(error, errors.Unreachable)
    assert error.reason == "proxy"


def test_half_of_a_json_answer_is_worth_another_try() -> None:
    """F-37."""
    error = errcodes.not_json(200, '{"errcode":0,"resu')
    assert isinstance(error, errors.Unreachable)


def test_texts_are_cleaned_cut_and_free_of_secrets() -> None:
    text = "a\x00b\ud800\nc secret-1 access_token=abc123&x " + "长" * 500
    error = errcodes.judge(
        200, {"errcode": 31415, "errmsg": text}, legacy=True, hide=("secret-1", "")
    )
    assert error is not None
    for leaked in ("secret-1", "abc123", "\x00", "\n", "\ud800"):
        assert leaked not in error.message
    assert "长" in error.message
    assert len(error.message) < 350


@pytest.mark.parametrize("code", [code for code, _kind in BY_CODE])
def test_each_error_says_what_happened_and_mostly_what_to_do(code: str) -> None:
    error = wrapped(code, "text of DingTalk")
    assert error is not None
    assert code in error.message
    assert "text of DingTalk" in error.message
    assert error.remedy or isinstance(error, errors.Gone)
