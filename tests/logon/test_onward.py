"""Where a logon may lead to: T-22 and the list I-81, each with its twin."""

import pytest

from identity.logon import onwards

pytestmark = pytest.mark.alone
AUTHORIZE = "/o/authorize/?client_id=abc&redirect_uri=https%3A%2F%2Fa.example%2Fcb"
ELSEWHERE = {
    "//evil": "two slashes",
    "//evil/client/": "our path at a host of theirs",
    "/\\evil": "a backslash",
    "\\\\evil": "two backslashes",
    "/%09/evil": "an escaped tab",
    "/\t/evil": "a tab",
    "/client/\n": "a new line at the end",
    "\n/client/": "a new line before",
    "/client/\r\nSet-Cookie:a=b": "a header",
    " /client/": "a blank before",
    "https:evil": "a scheme",
    "https://evil/client/": "an address",
    "http:///client/": "an address without a host",
    "javascript:alert(1)": "a script",
    "JaVaScRiPt:alert(1)": "a script in odd letters",
    "data:text/html,x": "data",
    "/login/../..//evil": "steps up",
    "/client/../admin/": "steps to somewhere else",
    "/client/%2e%2e/admin/": "escaped steps",
    "/client/./": "a step that goes nowhere",
    "/client//": "an empty part",
    "/client/;a=b": "a parameter of a path",
    "/client/#x": "a fragment",
    "/client/?next=//evil": "a query where none belongs",
    "/client": "not quite ours",
    "/CLIENT/": "in capitals",
    "/ｃｌｉｅｎｔ/": "in full width",
    "client/": "relative",
    "": "nothing",
    "/": "the console",
    "/accounts/logout/": "a page that ends sessions",
    "/admin/": "Django's admin",
    "/identity/": "the console's own",
    "@evil": "credentials of an address",
    "/client/@evil": "the same after our path",
    "/client/\x00": "a NUL",
    "/client/\u202e": "a mark that turns text around",
    "/o/authorize/?a=" + "x" * 10_000: "10 kB",
    "/o/authorize/?a=\n": "a new line in the query",
    '/o/authorize/?a="': "a quote in the query",
    "/o/authorize/?a=b#c": "a fragment after the query",
    "/o/authorize/?a=\\evil": "a backslash in the query",
    "/o/authorize//evil?a=b": "more behind the path",
    "/o/token/": "another page of the provider",
}


@pytest.mark.parametrize("where", ELSEWHERE, ids=[*ELSEWHERE.values()])
def test_I_81_a_logon_leads_nowhere_but_to_places_of_ours(where: str) -> None:
    assert onwards(where) == ""


def test_I_81_twin_the_client_and_its_home_are_places_of_ours() -> None:
    assert [onwards(place) for place in ("/client/", "/client/home/")] == [
        "/client/",
        "/client/home/",
    ]


def test_I_81_twin_a_request_of_an_application_keeps_its_query() -> None:
    assert onwards(AUTHORIZE) == AUTHORIZE
