"""The thread beside the requests: it holds nobody up, and nothing piles up before it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from identity.aside import Aside

pytestmark = pytest.mark.alone


class Work:
    """What the thread does: each thing waits until it is let go."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, thing: str) -> None:
        self.begun.release()
        assert self.go.acquire(timeout=30)
        if thing == "bad":
            raise RuntimeError(thing)
        self.done.append(thing)

    def finish(self, number: int) -> list[str]:
        """Let so many go; gives what is done once all of them are over."""
        for _ in range(number):
            self.go.release()
            assert self.begun.acquire(timeout=30)
        return self.done


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    for _ in range(100):  # whatever a test left
        made.go.release()


def test_nothing_is_started_before_it_is_needed(work: Work) -> None:
    before = threading.active_count()
    Aside("test", work, most=5)
    assert threading.active_count() == before


def test_equal_things_that_wait_are_one(work: Work) -> None:
    aside = Aside("test", work, most=5)
    aside.put("first")
    assert work.begun.acquire(timeout=30)
    for _ in range(1000):
        assert aside.put("a")
        assert aside.put("first")  # again: that one is at work, and may have missed it
    aside.put("end")
    assert work.finish(3) == ["first", "a", "first"]


def test_what_has_no_room_is_not_taken_and_nobody_waits(work: Work) -> None:
    """Something hangs: one thread does, and memory does not grow."""
    aside = Aside("test", work, most=5)
    aside.put("hangs")
    assert work.begun.acquire(timeout=30)
    before = threading.active_count()
    begun = time.monotonic()
    taken = [aside.put(str(n)) for n in range(10_000)]
    assert time.monotonic() - begun < 2
    assert taken == [True] * 5 + [False] * 9_995
    assert threading.active_count() == before


def test_whoever_ends_may_wait_a_while_for_what_is_left(work: Work) -> None:
    aside = Aside("test", work, most=5)
    assert aside.settle(0)
    aside.put("a")
    aside.put("b")
    assert not aside.settle(0.05)
    work.go.release()
    assert not aside.settle(0.05)
    work.go.release()
    assert aside.settle(30)
    assert work.done == ["a", "b"]


def test_an_error_does_not_end_it(work: Work) -> None:
    aside = Aside("test", work, most=5)
    for thing in ("bad", "good", "end"):
        aside.put(thing)
    assert work.begun.acquire(timeout=30)
    assert work.finish(2) == ["good"]


FORK = """
import os, sys, threading, time
from identity.aside import Aside

def work(thing):
    if thing == "hang":
        time.sleep(60)
    os.write(1, f"{thing} in {'child' if os.getpid() != parent else 'parent'};".encode())

parent = os.getpid()
aside = Aside("test", work, most=5)
aside.put("hang")
aside.put("waits")
time.sleep(0.2)
with aside._changed:  # held by the parent at that moment, as it may well be
    child = os.fork()
if child == 0:
    aside.put("new")
    time.sleep(0.5)
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""


def test_a_forked_process_begins_with_nothing() -> None:
    """As gunicorn's and Celery's children: a thread is not inherited, a lock would be."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == ("new in child;", 0), ended.stderr
