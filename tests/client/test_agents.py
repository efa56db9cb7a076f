"""Browsers in words."""

import pytest

from identity.agents import in_words

pytestmark = pytest.mark.alone
GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("", "Unknown browser"),
        ("curl/8.0", "Unknown browser"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox on Linux"),
        (f"(Windows NT 10.0) {GECKO} Chrome/1 Safari/1 Edg/1", "Edge on Windows"),
        (
            f"(Macintosh; Intel Mac OS X 14) {GECKO} Version/1 Safari/1",
            "Safari on macOS",
        ),
        (
            f"(iPhone; CPU iPhone OS 18_0 like Mac OS X) {GECKO} CriOS/1",
            "Chrome on iPhone",
        ),
        (f"(Linux; Android 15) {GECKO} Chrome/1 Mobile Safari/1", "Chrome on Android"),
        ("Something (Windows)", "Windows"),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert in_words(agent) == words
