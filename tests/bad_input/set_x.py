"""Set X of reliability.md (d): what is thrown at every field and every parameter.

Values are texts as a browser or a script would send them; bodies are whole requests
that are no form, or a form that nobody would send.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote_plus

FORM = "application/x-www-form-urlencoded"
MILLION = "x" * 10**6

VALUES: tuple[str, ...] = (
    # nothing, or nothing that can be seen
    *("", " ", "\t\n", "\u0000", "a\u0000b", "\ud800", "\u202eabc", "a\u200bb"),
    *("\u2066abc\u2069", "ab\ufeff", "ab\U000e0041", "a\u0378b", "a\u0085b", "ab\n"),
    # one text in two forms; look-alikes; wide characters
    *("\u00e9", "e\u0301", "e\u0301" * 60, "😀", "👨\u200d👩\u200d👧", "ﷺ" * 100),
    *("ＡＢＣ", "Аdmin", "١٢", "１２", "ａｂ"),
    # long
    *("x" * 101, "x" * 10_000, "e\u0301" * 1_000, "测" * 1_000, MILLION),
    # mark-up, templates, formats, headers
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    *("javascript:alert(1)", "{{7*7}}", "{% debug %}", "${jndi:ldap://127.0.0.1/a}"),
    *("%s%s%n", "%00", "%0d%0aSet-Cookie:a=b", "a\r\nSet-Cookie: a=b"),
    # databases, spreadsheets, files
    *("' OR '1'='1", "'; DROP TABLE idp;--", "1; SELECT pg_sleep(10)"),
    *("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)"),
    *("../../etc/passwd", "..;/", "C:\\", "__class__", "constructor", "select"),
    # words and numbers that languages take for something else
    *("NULL", "None", "undefined", "null", "true", "True", "on", "off"),
    *("0", "01", " 1", "1.5", "1e1", "0x10", "1e309", "NaN", "9223372036854775808"),
    *("[]", "{}", '[["a"]]', '{"$ne":1}'),
    # masks of secrets
    *("****", "••••", "1Uji****"),
)


@dataclass(frozen=True, slots=True)
class Body:
    """A whole request: its bytes, and what it says they are."""

    name: str
    content: bytes
    kind: str = FORM


BODIES: tuple[Body, ...] = (
    Body("nothing", b""),
    Body("no type", b"name=test", ""),
    Body("bytes that are no UTF-8", b"\xff\xfe"),
    Body("a value that is no UTF-8", b"name=\xff\xfe&kind=\xff&scope=\xff"),
    Body("a name that is no UTF-8", b"\xff\xfe=test"),
    Body("half a surrogate pair", b"name=%ED%A0%80&username=%ED%A0%80"),
    Body("UTF-16", "name=test&scope=all".encode("utf-16")),
    Body("a byte order mark", b"\xef\xbb\xbfname=test"),
    Body("an unknown encoding", b"name=test", f"{FORM}; charset=klingon"),
    Body("JSON", b'{"name": "test", "scope": "all"}', "application/json"),
    Body("JSON null", b"null", "application/json"),
    Body("JSON 10,000 deep", b"[" * 10_000 + b"]" * 10_000, "application/json"),
    Body("JSON that says it is a form", b'{"name": {"$ne": 1}}'),
    Body("XML", b"<a>&b;</a>", "application/xml"),
    Body("multipart that is none", b"nonsense", "multipart/form-data; boundary=x"),
    Body("multipart without boundary", b"nonsense", "multipart/form-data"),
    Body(
        "a file where a text belongs",
        b'--x\r\nContent-Disposition: form-data; name="name"; filename="../a"\r\n\r\n'
        b"a\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    Body("names of another shape", b"name[]=a&name[$ne]=b&__proto__=c&scope[]=all"),
    Body("10,001 values", b"&".join([b"departments=1"] * 10_001)),
    Body("more than a megabyte", b"name=" + b"x" * 1_100_000),
)


def encoded(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A form's body, in this order; half of a surrogate pair is sent as it is."""
    return b"&".join(
        f"{_quoted(name)}={_quoted(value)}".encode() for name, value in pairs
    )


def received(value: str) -> str:
    """What a server reads of a value: three bytes that are no UTF-8 are three marks."""
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def told(value: str) -> str:
    """A value as a failing test names it."""
    return f"{value[:40]!r} ({len(value)} characters)"


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))
