"""The logon page: asks who holds the phone, and sends the browser back with a code.

https://open.dingtalk.com/document/development/obtain-identity-credentials

Outsiders may choose themselves too, and their token names another company: a product
has to refuse them by itself. With `iframe=true` it is the page that DingTalk's script
frames: it never redirects, but tells the page around it where the browser shall go, and
tells it twice, as DingTalk does now and then. Only the page that `redirect_uri` belongs
to may frame it. Without that mode nobody may.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

from identity.connectors.dingtalk.simulator.pages import (
    framed_by,
    not_found,
    redirect,
    script,
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
    if call.path == "/frame.js":
        return script("frame.js")
    if call.path != "/oauth2/auth":
        return not_found()
    try:
        check(app, call.query)
    except Refusal as refusal:
        return _page(app, call, "refused.html", 400, reason=str(refusal))
    form = call.form if call.method == "POST" else {}
    if form.get("cancel"):
        return _back(app, call, error="access_denied")
    if _asks_for_organisation(call):
        code = form.get("organisation_code", "")
        if code.upper() != app.organisation_code.upper():
            shown: dict[str, Any] = {"code": app.organisation_code, "wrong": bool(code)}
            return _page(app, call, "organisation.html", **shown)
    return _choose(app, call, form)


def check(app: Platform, query: dict[str, str]) -> None:
    """Raise Refusal unless DingTalk would show its logon page for these parameters.

    `org_type`, which the document calls mandatory in a frame, is not: products in use
    leave it out, because its one value shuts out whoever administers nothing.
    """
    scope = query.get("scope", "").split()
    target = urlsplit(query.get("redirect_uri", ""))
    framed, exclusive = _framed(query), _exclusive(query)
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
        "corpId is mandatory in a frame with the scope corpid": framed
        and "corpid" in scope
        and "corpId" not in query,
        "org_type is not management": query.get("org_type", "management")
        != "management",
        "exclusiveCorpId is not a company of this app": query.get(
            "exclusiveCorpId", app.corp_id
        )
        != app.corp_id,
        "exclusiveCorpId is mandatory in a frame with exclusiveLogin": framed
        and exclusive
        and "exclusiveCorpId" not in query,
    }
    for reason, found in wrong.items():
        if found:
            raise Refusal(reason)


def _framed(query: dict[str, str]) -> bool:
    return query.get("iframe") == "true"


def _exclusive(query: dict[str, str]) -> bool:
    return query.get("exclusiveLogin") == "true"


def _asks_for_organisation(call: Call) -> bool:
    return _exclusive(call.query) and not call.query.get("exclusiveCorpId")


def _choose(app: Platform, call: Call, form: dict[str, str]) -> Reply:
    wrong = ""
    if unionid := form.get("unionid"):
        wrong = _refusal(app, call, unionid)
        if not wrong:
            code = app.browser_code(unionid, call.query.get("scope", ""))
            return _back(app, call, code=code, authCode=code)
    q = form.get("q", "").strip()
    people = app.company.search(q, SHOWN + 1)
    return _page(
        app,
        call,
        "logon.html",
        back_to=call.query["redirect_uri"],
        organisation_code=form.get("organisation_code", ""),
        people=people[:SHOWN],
        more=len(people) > SHOWN,
        outsiders=app.company.outsiders.values(),
        q=q,
        wrong=wrong,
    )


def _refusal(app: Platform, call: Call, unionid: str) -> str:
    """Why DingTalk gives this account no code; "" if it does."""
    outsider = app.company.outsiders.get(unionid)
    found: Person | Outsider | None = outsider or app.company.with_unionid(unionid)
    if found is None:
        return "This account is unknown."
    if outsider and _exclusive(call.query):
        return f"{found.name} has no account of this organisation."
    if isinstance(found, Person) and not found.active:
        return f"{found.name} never activated DingTalk and cannot log on."
    administers = isinstance(found, Person) and (found.admin or found.boss)
    narrow = "org_type" in call.query and "corpid" in call.query.get("scope", "")
    if narrow and not administers:
        return f"{found.name} administers no company."
    return ""


def _back(app: Platform, call: Call, **values: str) -> Reply:
    address = call.query["redirect_uri"]
    if "state" in call.query:
        values["state"] = call.query["state"]
    joint = "&" if urlsplit(address).query else "?"
    onward = f"{address}{joint}{urlencode(values)}"
    if _framed(call.query):
        return _page(app, call, "leaving.html", redirect_url=onward)
    return redirect(onward)


def _page(
    app: Platform, call: Call, template: str, status: int = 200, **values: Any
) -> Reply:
    """A page of the logon; in a frame, with the script that speaks to the one around."""
    around = ""
    if _framed(call.query):
        target = urlsplit(call.query.get("redirect_uri", ""))
        around = f"{target.scheme}://{target.netloc}"
    values |= {"company": app.company, "around": around}
    reply = show(template, LOGIN, status, **values)
    return framed_by(around, reply)
