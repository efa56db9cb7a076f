"""The logon page: asks who holds the phone, and sends the browser back with a code.

https://open.dingtalk.com/document/development/obtain-identity-credentials

Outsiders may choose themselves too: a product has to refuse them by itself.
"""

from urllib.parse import urlencode, urlsplit

from identity.connectors.dingtalk.simulator.pages import (
    not_found,
    redirect,
    show,
    style_sheet,
)
from identity.connectors.dingtalk.simulator.records import Outsider, Person
from identity.connectors.dingtalk.simulator.state import Platform
from identity.connectors.dingtalk.simulator.wire import LOGIN, Call, Reply

SHOWN = 12


class Refusal(Exception):
    """The address itself is wrong; the text says how."""


def answer(app: Platform, call: Call) -> Reply:
    """Any request below /login."""
    if call.path == "/style.css":
        return style_sheet()
    if call.path != "/oauth2/auth":
        return not_found()
    try:
        check(app, call.query)
    except Refusal as refusal:
        return show(
            "refused.html", LOGIN, 400, company=app.company, reason=str(refusal)
        )
    form = call.form if call.method == "POST" else {}
    if form.get("cancel"):
        return _back(call, error="access_denied")
    if _asks_for_organisation(call):
        code = form.get("organisation_code", "")
        if code.upper() != app.organisation_code.upper():
            return show(
                "organisation.html",
                LOGIN,
                company=app.company,
                code=app.organisation_code,
                wrong=bool(code),
            )
    return _choose(app, call, form)


def check(app: Platform, query: dict[str, str]) -> None:
    """Raise Refusal unless DingTalk would show its logon page for these parameters."""
    scope = query.get("scope", "").split()
    target = urlsplit(query.get("redirect_uri", ""))
    wrong = {
        "client_id is not the AppKey of an app": query.get("client_id") != app.app_key,
        "response_type is not code": query.get("response_type") != "code",
        "prompt is not consent": query.get("prompt") != "consent",
        "scope is neither openid nor openid corpid": "openid" not in scope
        or not {*scope} <= {"openid", "corpid"},
        "redirect_uri is not an address": target.scheme not in {"http", "https"},
        "redirect_uri is not registered for the app": app.redirect_uris is not None
        and query.get("redirect_uri") not in app.redirect_uris,
        "corpId is not a company of this app": query.get("corpId", app.corp_id)
        != app.corp_id,
        "exclusiveCorpId is not a company of this app": query.get(
            "exclusiveCorpId", app.corp_id
        )
        != app.corp_id,
    }
    for reason, found in wrong.items():
        if found:
            raise Refusal(reason)


def _asks_for_organisation(call: Call) -> bool:
    exclusive = call.query.get("exclusiveLogin") == "true"
    return exclusive and not call.query.get("exclusiveCorpId")


def _choose(app: Platform, call: Call, form: dict[str, str]) -> Reply:
    wrong = ""
    if unionid := form.get("unionid"):
        found = _account(app, unionid)
        if found is None:
            wrong = "This account is unknown."
        elif isinstance(found, Person) and not found.active:
            wrong = f"{found.name} never activated DingTalk and cannot log on."
        else:
            code = app.browser_code(unionid, call.query.get("scope", ""))
            return _back(call, code=code, authCode=code)
    q = form.get("q", "").strip()
    people = app.company.search(q, SHOWN + 1)
    return show(
        "logon.html",
        LOGIN,
        company=app.company,
        back_to=call.query["redirect_uri"],
        organisation_code=form.get("organisation_code", ""),
        people=people[:SHOWN],
        more=len(people) > SHOWN,
        outsiders=app.company.outsiders.values(),
        q=q,
        wrong=wrong,
    )


def _account(app: Platform, unionid: str) -> Person | Outsider | None:
    return app.company.outsiders.get(unionid) or app.company.with_unionid(unionid)


def _back(call: Call, **values: str) -> Reply:
    address = call.query["redirect_uri"]
    if "state" in call.query:
        values["state"] = call.query["state"]
    joint = "&" if urlsplit(address).query else "?"
    return redirect(f"{address}{joint}{urlencode(values)}")
