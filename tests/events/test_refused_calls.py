"""What an administrator learns of refused calls, and what nobody can make us keep."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from identity import pushed
from identity.connectors.errors import PushFault
from identity.models import IdentityProvider, PushedCall
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

pytestmark = pytest.mark.django_db(transaction=True)
Push = Callable[[Sender], Any]

FAULTS: dict[PushFault, Push] = {
    PushFault.TOKEN: lambda s: replace(s, token=OTHER_TOKEN).push(CHECK_URL),
    PushFault.AES_KEY: lambda s: replace(s, aes_key=OTHER_KEY).push(CHECK_URL),
    PushFault.OWNER: lambda s: s.push(CHECK_URL, owner="dingsomebodyelse"),
    PushFault.MALFORMED: lambda s: s.post(query_of(s.seal(CHECK_URL)), b"{}"),
}


def kept(idp: IdentityProvider) -> list[PushedCall]:
    """The refused calls, once all are written."""
    assert pushed.settle(20)
    return list(PushedCall.objects.filter(idp=idp).exclude(outcome="verified"))


@pytest.mark.parametrize(("fault", "push"), FAULTS.items(), ids=FAULTS.keys())
def test_a_refused_call_is_kept_with_its_reason(
    sender: Sender, keyed: IdentityProvider, fault: PushFault, push: Push
) -> None:
    """When, why and from where, and nothing of what it said."""
    before = timezone.now()
    push(sender)
    (call,) = kept(keyed)
    assert (call.outcome, call.address) == (fault, "127.0.0.1")
    assert before <= call.at <= timezone.now()
    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("name", ["aes_key", "token"])
def test_a_call_before_the_keys_are_set_says_so(
    sender: Sender, keyed: IdentityProvider, name: str
) -> None:
    """S156 before S158: the administrator saves in DingTalk first."""
    keyed.secrets.filter(name=name).delete()
    sender.push(CHECK_URL)
    (call,) = kept(keyed)
    assert call.outcome == PushFault.NO_KEYS


def test_keys_that_cannot_be_opened_are_as_good_as_none(
    sender: Sender, keyed: IdentityProvider, settings: Any
) -> None:
    """ENCRYPTION_KEYS were lost: a refusal, and never a 500."""
    settings.ENCRYPTION_KEYS = ["another"]
    assert sender.push(CHECK_URL).status_code == 403
    (call,) = kept(keyed)
    assert call.outcome == PushFault.NO_KEYS


def test_T05_of_a_flood_one_call_a_second_is_kept(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """And of each IdP: the flood at one hides nothing of another."""
    for _ in range(50):
        FAULTS[PushFault.TOKEN](sender)
    other = builders.idp("Other", settings=keyed.settings)
    replace(sender, url=url_of(other)).push(CHECK_URL)
    assert len(kept(other)) == 1
    assert 1 <= len(kept(keyed)) <= 2  # the machine may have needed two seconds


def test_T05_another_process_kept_one_just_now(keyed: IdentityProvider) -> None:
    """Processes know of each other by the newest row."""
    keyed.pushed_calls.create(outcome="token")
    pushed.refused(keyed, PushFault.TOKEN, "192.0.2.1")
    assert len(kept(keyed)) == 1


def test_the_last_twenty_are_kept(keyed: IdentityProvider) -> None:
    """And verified calls are counted by themselves."""
    keyed.pushed_calls.create(outcome="verified")
    past = timezone.now() - timedelta(hours=1)
    PushedCall.objects.bulk_create(
        PushedCall(idp=keyed, outcome="token", at=past + timedelta(minutes=n))
        for n in range(25)
    )
    pushed.refused(keyed, PushFault.AES_KEY, "x" * 200)
    calls = kept(keyed)
    assert len(calls) == 20
    newest = max(calls, key=lambda call: call.at)
    assert (newest.outcome, newest.address) == ("aes_key", "x" * 64)
    assert keyed.pushed_calls.filter(outcome="verified").count() == 1


def test_T07_of_an_unknown_idp_nothing_is_kept(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """Whoever tries addresses writes no row, and learns nothing."""
    for _ in range(5):
        replace(sender, url=f"/events/dingtalk/{uuid.uuid4()}/").push(CHECK_URL)
    FAULTS[PushFault.TOKEN](sender)
    kept(keyed)
    assert PushedCall.objects.count() == 1


def test_a_refused_call_of_an_idp_that_is_gone_is_dropped(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """Written aside, it may come too late; the next one is kept all the same."""
    gone = builders.idp("Gone")
    number, gone_pk = gone.pk, gone.pk
    gone.delete()
    gone.pk = number
    pushed.refused(gone, PushFault.TOKEN, "")
    FAULTS[PushFault.TOKEN](sender)
    assert len(kept(keyed)) == 1
    assert not PushedCall.objects.filter(idp_id=gone_pk).exists()


def test_the_answer_does_not_wait_for_what_is_kept_aside(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """Another transaction holds what the row needs: the refusal comes at once."""

    def refuse() -> int:
        try:
            status: int = FAULTS[PushFault.TOKEN](sender).status_code
            return status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "UPDATE identity_identityprovider SET description = 'x' WHERE id = %s",
                [keyed.pk.hex if connection.vendor == "sqlite" else keyed.pk],
            )
            assert pool.submit(refuse).result(timeout=10) == 403
            cursor.execute("ROLLBACK")
    assert len(kept(keyed)) == 1


def test_G14_refusals_differ_neither_in_bytes_nor_in_time(
    sender: Sender, keyed: IdentityProvider
) -> None:
    """T-04, T-07: five kinds, and an IdP that does not exist; medians below 1 ms apart.
    Measured as this thread's own time, for other tests share the machine."""
    bare = builders.idp("Bare", settings=keyed.settings)
    nowhere = replace(sender, url=f"/events/dingtalk/{uuid.uuid4()}/")
    kinds: dict[str, Callable[[], Any]] = {
        fault: lambda push=push: push(sender)  # type: ignore[misc]
        for fault, push in FAULTS.items()
    }
    kinds["no keys"] = lambda: replace(sender, url=url_of(bare)).push(CHECK_URL)
    kinds["unknown"] = lambda: nowhere.push(CHECK_URL)
    took: dict[str, list[float]] = {name: [] for name in kinds}
    answers = set()
    for _ in range(30):
        for name, push in kinds.items():
            begun = time.thread_time()
            answers.add(str(shown(push())))
            took[name].append(time.thread_time() - begun)
    assert len(answers) == 1
    medians = {name: median(times) for name, times in took.items()}
    assert max(medians.values()) - min(medians.values()) < 0.001, medians
