"""T-23, I-18: which addresses an application may register. Each refused one has a twin
that differs in one thing and is taken."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from identity.redirects import Kind, check

pytestmark = pytest.mark.alone
GOOD = "https://app.example.test/back"
ATTACKS = [
    ("scheme-javascript", "web", "javascript:alert(1)", GOOD),
    ("scheme-javascript-native", "native", "javascript:alert(1)", "com.example:/a"),
    ("scheme-mixed-case", "web", "JaVaScRiPt:alert(1)", GOOD),
    ("scheme-data", "native", "data:text/html,x", "com.example.data:/x"),
    ("scheme-file", "native", "file:///etc/passwd", "com.example.file:/etc"),
    ("scheme-without-a-dot", "native", "myapp:/back", "my.app:/back"),
    ("scheme-private-for-web", "web", "com.example.app:/back", GOOD),
    ("scheme-capitals", "web", "HTTPS://app.example.test/", "https://app.example.test/"),
    ("scheme-only", "native", "com.example.app:/", "com.example.app:/a"),
    ("http", "web", "http://app.example.test/back", GOOD),
    ("http-native", "native", "http://app.example.test/back", GOOD),
    ("loopback-by-name", "native", "http://localhost/cb", "http://127.0.0.1/cb"),
    ("loopback-longer", "native", "http://127.0.0.1.evil.test/", "http://127.0.0.1/"),
    ("loopback-localhost-evil", "native", "http://localhost.evil.com/", "https://l.evil.com/"),
    ("loopback-short", "native", "http://127.1/cb", "http://127.0.0.1/cb"),
    ("loopback-number", "native", "http://2130706433/cb", "http://127.0.0.1:21/cb"),
    ("loopback-6-zone", "native", "http://[::1%25lo]/cb", "http://[::1]/cb"),
    ("zone-with-a-policy", "web", "https://[2001:db8::1%aa;sandbox;x]/", "https://[2001:db8::1]/"),
    ("port-none", "web", "https://app.example.test:0/back", "https://app.example.test:1/back"),
    ("port-too-great", "web", "https://app.example.test:99999/", "https://app.example.test:9999/"),
    ("loopback-6-else", "native", "http://[::2]/cb", "http://[::1]/cb"),
    ("wildcard-host", "web", "https://*.example.test/back", GOOD),
    ("wildcard-path", "web", "https://app.example.test/*", GOOD),
    ("fragment", "web", f"{GOOD}#x", f"{GOOD}?x"),
    ("fragment-bare", "web", f"{GOOD}#", f"{GOOD}/"),
    ("user", "web", "https://app@evil.test/", "https://app.evil.test/"),
    ("user-and-password", "web", "https://a:b@evil.test/", "https://a.b.evil.test/"),
    ("user-in-front", "web", "https://good.test@evil.test/", "https://good.test/@evil.test"),
    ("look-alike", "web", "https://аpp.example.test/", "https://xn--pp-7ka.example.test/"),
    ("space", "web", "https://app.example.test/a b", "https://app.example.test/a%20b"),
    ("backslash", "web", "https://app.example.test\\@evil.test/", GOOD),
    ("tab", "web", "https://app.exa\tmple.test/", GOOD),
    ("half-escape", "web", "https://app.example.test/%2", "https://app.example.test/%20"),
    ("relative", "web", "/back", GOOD),
    ("relative-host", "web", "//app.example.test/back", GOOD),
    ("no-host", "web", "https:///back", GOOD),
    ("no-slashes", "web", "https:app.example.test", "https://app.example.test"),
    ("dots", "web", "https://app.example.test/a/../b", "https://app.example.test/a/b..c"),
    ("dots-escaped", "web", "https://app.example.test/%2e%2E/b", "https://app.example.test/%2f/b"),
    ("dots-parameter", "web", "https://app.example.test/..;/b", "https://app.example.test/a..;/b"),
    ("port-zero", "web", "https://app.example.test:0/", "https://app.example.test:1/"),
    ("port-too-high", "web", "https://app.example.test:65536/", "https://app.example.test:65535/"),
    ("port-no-number", "web", "https://app.example.test:x/", "https://app.example.test:8443/"),
    ("label-empty", "web", "https://app..test/", "https://app.test/"),
    ("brackets", "web", "https://[evil]/", "https://[2001:db8::1]/"),
    ("too-long", "web", GOOD + "/" + "a" * 2048, GOOD + "/" + "a" * 2000),
    ("launch-script", "launch", "javascript:alert(1)", "http://intranet.test/"),
    ("launch-scheme", "launch", "com.example.app:/a", "https://app.example.test/"),
    ("back-channel-http", "back_channel", "http://app.example.test/", GOOD),
    ("back-channel-loopback", "back_channel", "http://127.0.0.1/", "https://127.0.0.1/"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "refused", "taken"),
    [pytest.param(*case[1:], id=f"T-23-{case[0]}") for case in ATTACKS],
)
def test_an_address_that_could_lead_elsewhere_is_refused(
    settings: Any, kind: str, refused: str, taken: str
) -> None:
    settings.HTTPS = True
    with pytest.raises(ValidationError):
        check(refused, Kind(kind))
    check(taken, Kind(kind))


@pytest.mark.parametrize(("https", "taken"), [(True, False), (False, True)])
def test_a_gateway_on_this_machine_is_for_trying_out(
    settings: Any, https: bool, taken: bool
) -> None:
    settings.HTTPS = https
    if taken:
        check("http://127.0.0.1:8080/back", Kind.WEB)
    else:
        with pytest.raises(ValidationError):
            check("http://127.0.0.1:8080/back", Kind.WEB)


def test_a_receiver_on_this_machine_is_named_in_the_settings(settings: Any) -> None:
    settings.LOGOUT_PRIVATE_HOSTS = ["127.0.0.1"]
    check("http://127.0.0.1:8080/back", Kind.BACK_CHANNEL)
    with pytest.raises(ValidationError):
        check("http://[::1]:8080/back", Kind.BACK_CHANNEL)
