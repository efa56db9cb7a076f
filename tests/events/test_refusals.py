"""Whatever is wrong with a call to the Request URL, it is refused in one and the same way."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from identity.models import IdentityProvider
from sync.models import InboxEvent
from tests import builders
from tests.events.sender import (
    CHECK_URL,
    OTHER_KEY,
    OTHER_TOKEN,
    Sender,
    query_of,
    shown,
    url_of,
)
from tests.events.wrong import cases

pytestmark = [pytest.mark.alone, pytest.mark.django_db]
CASES = dict(cases())


@pytest.fixture
def refusal(sender: Sender) -> tuple[Any, ...]:
    """How a forged signature is answered."""
    found = shown(sender.send(sender.seal(CHECK_URL), signature="0" * 40))
    assert found[0] == 403
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_I60_everything_else_is_refused_alike(
    sender: Sender, refusal: tuple[Any, ...], case: Callable[[Sender], Any]
) -> None:
    """T-04: one status, one body, the same headers; nothing is written."""
    assert shown(case(sender)) == refusal
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda path, idp: path.replace(str(idp.pk), str(uuid.uuid4())),
        lambda path, idp: path.replace(str(idp.pk), str(idp.pk).upper()),
        lambda path, idp: path.replace(str(idp.pk), idp.pk.hex),
        lambda path, idp: path.replace(str(idp.pk), f"urn:uuid:{idp.pk}"),
        lambda path, idp: path.replace(str(idp.pk), f"{{{idp.pk}}}"),
        lambda path, idp: path.replace(str(idp.pk), "%2e%2e"),
        lambda path, idp: path.replace(str(idp.pk), "%00"),
        lambda path, idp: path.replace(str(idp.pk), "%ff"),
        lambda path, idp: path.replace(str(idp.pk), "x" * 10_000),
        lambda path, idp: path.replace(str(idp.pk), "٣" * 32),
        lambda path, idp: path.replace("dingtalk", "wecom"),
        lambda path, idp: path.replace("dingtalk", "DingTalk"),
    ],
)
def test_T07_an_address_of_no_idp_is_refused_like_a_forged_push(
    sender: Sender,
    keyed: IdentityProvider,
    refusal: tuple[Any, ...],
    change: Callable[[str, IdentityProvider], str],
) -> None:
    """I-60: also for who knows the keys of another one; and nothing is remembered."""
    elsewhere = replace(sender, url=change(sender.url, keyed))
    assert shown(elsewhere.push(CHECK_URL)) == refusal
    assert not InboxEvent.objects.exists()


def test_T02_a_push_to_another_idp_is_refused(
    sender: Sender, keyed: IdentityProvider, refusal: tuple[Any, ...]
) -> None:
    """With its own keys, and even with the same ones: the owner is another app."""
    other = builders.idp("Other", settings={"app_key": "dingother", "corp_id": "ding9"})
    other.set_secret("aes_key", OTHER_KEY)
    other.set_secret("token", OTHER_TOKEN)
    there = replace(sender, url=url_of(other))
    assert shown(there.push(CHECK_URL)) == refusal
    same = replace(there, aes_key=OTHER_KEY, token=OTHER_TOKEN)
    assert shown(same.push(CHECK_URL)) == refusal
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS", "DELETE", "X"])
def test_I60_other_methods_are_told_which_one_is_taken(
    sender: Sender, method: str
) -> None:
    there = shown(sender.client.generic(method, sender.url))
    elsewhere = f"/events/dingtalk/{uuid.uuid4()}/"
    assert shown(sender.client.generic(method, elsewhere)) == there
    assert there[:2] == (405, b"")
    assert ("Allow", "POST") in there[2]


def test_I60_a_body_of_just_64_KiB_is_read(sender: Sender) -> None:
    sealed = sender.seal(CHECK_URL)
    body = json.dumps({"encrypt": sealed.encrypt}).encode()
    padded = body + b" " * (64 * 1024 - len(body))
    assert sender.was_taken(sender.post(query_of(sealed), padded))
    assert not sender.was_taken(sender.post(query_of(sealed), padded + b" "))


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "", "text/plain"])
def test_what_the_body_is_called_matters_little(
    sender: Sender, encoding: str, kind: str
) -> None:
    """How DingTalk labels it is documented nowhere."""
    body = json.dumps({"encrypt": (x := sender.seal(CHECK_URL)).encrypt})
    response = sender.post(
        query_of(x), body, content_type=kind, HTTP_CONTENT_ENCODING=encoding
    )
    assert sender.was_taken(response)
