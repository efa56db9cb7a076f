"""The doorbell at the Request URL: a broker that hangs or is away holds nobody up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from identity.models import IdentityProvider
from sync.models import InboxEvent
from tests import services
from tests.events.sender import KEY, TOKEN, url_of

pytestmark = [
    pytest.mark.services,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]
ROOT = Path(__file__).resolve().parents[2]
POSTS = 50

PUSH = """
import json, sys, threading, time
import django
django.setup()
from tests.events.sender import Sender, leave
url, owner, posts = sys.argv[1], sys.argv[2], int(sys.argv[3])
sender = Sender(url, owner)
sender.push({"EventType": "check_url"})  # whatever is loaded late
took, threads = [], []
for number in range(posts):
    begun = time.monotonic()
    assert sender.was_taken(sender.push(leave(f"u{number}")))
    took.append(time.monotonic() - begun)
    threads.append(threading.active_count())
print(json.dumps({"took": took, "threads": threads}))
"""


@pytest.fixture
def frozen() -> Iterator[str]:
    """A Redis that answers nothing, and takes every connection."""
    with services.redis() as url:
        number = Redis.from_url(url).info("server")["process_id"]
        os.kill(number, signal.SIGSTOP)
        try:
            yield url
        finally:
            os.kill(number, signal.SIGCONT)


def pushed(idp: IdentityProvider, broker: str) -> dict[str, list[float]]:
    """What it took a process of its own to answer: a broker is one of a process."""
    name = connection.settings_dict["NAME"]
    secrets = {
        "SECRET_KEY": settings.SECRET_KEY,
        "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
    }
    environment = os.environ | secrets
    environment |= {"DATABASE_URL": f"sqlite:///{name}", "CELERY_BROKER_URL": broker}
    environment |= {"DJANGO_SETTINGS_MODULE": "sasebridge.settings"}
    environment |= {"ALLOWED_HOSTS": "testserver"}
    ended = subprocess.run(
        [sys.executable, "-c", PUSH, url_of(idp), idp.settings["app_key"], str(POSTS)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, list[float]] = json.loads(ended.stdout)
    return found


@pytest.fixture
def stored(keyed: IdentityProvider) -> IdentityProvider:
    """The keys that the other program knows."""
    assert (keyed.secret("aes_key"), keyed.secret("token")) == (KEY, TOKEN)
    return keyed


def test_F02_with_redis_frozen_every_push_is_answered_at_once(
    stored: IdentityProvider, frozen: str
) -> None:
    """Far below DingTalk's 2.5 s; one thread waits for Redis, however many rings."""
    found = pushed(stored, frozen)
    assert max(found["took"]) < 2
    assert max(found["threads"]) <= 2
    assert InboxEvent.objects.filter(state="pending").count() == POSTS


def test_F01_without_redis_every_push_is_answered_at_once(
    stored: IdentityProvider,
) -> None:
    found = pushed(stored, "redis://127.0.0.1:1/0")
    assert max(found["took"]) < 2
    assert InboxEvent.objects.filter(state="pending").count() == POSTS
