"""Threads that read in lanes, and one bounded stream to the thread that consumes.

A lane is a queue of tasks with threads of its own, so that the department walk and
the member pages go on at the same time, each at the pace of its API.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from identity.connectors.base import CrawlStopped
from identity.connectors.records import Batch

THREADS = 4
"""Threads of a lane; enough for 20 calls a second at 200 ms each."""
WAITING = 8
"""Batches that may wait for the consumer, so that memory stays flat."""
LOOK = 0.2
"""Seconds between looks whether to stop, while nothing arrives."""
PATIENCE = 5.0
"""Seconds that threads are given to end."""

Task = Callable[[], None]


class Crew:
    """Runs tasks, which may add tasks and batches, until none is left.

    `stopped` is the event that also stops the client's waiting and reading; `release`
    is called in each thread before it ends.
    """

    def __init__(self, stopped: threading.Event, release: Callable[[], None]) -> None:
        self._stopped = stopped
        self._release = release
        self._lanes: dict[str, deque[Task]] = {}
        self._closed: set[str] = set()
        self._open = 0
        self._turn = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._results: queue.Queue[Batch | None] = queue.Queue(WAITING)
        self._failure: BaseException | None = None

    def add(self, lane: str, task: Task, *, first: bool = False) -> None:
        """Queue a task; `first` puts it before the others. Closed lanes drop it."""
        with self._turn:
            if lane in self._closed:
                return
            if lane not in self._lanes:
                self._lanes[lane] = deque()
                self._man(lane)
            if first:
                self._lanes[lane].appendleft(task)
            else:
                self._lanes[lane].append(task)
            self._open += 1
            self._turn.notify_all()

    def close(self, lane: str) -> bool:
        """Drop what waits in a lane and take no more; False if it was closed before."""
        with self._turn:
            fresh = lane not in self._closed
            self._closed.add(lane)
            dropped = self._lanes.get(lane, deque())
            self._open -= len(dropped)
            dropped.clear()
            return fresh

    def put(self, batch: Batch) -> None:
        """Hand a batch to the consumer; waits while it is busy."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._results.put(batch, timeout=LOOK)
                return
        raise CrawlStopped

    def run(
        self, stop: Callable[[], bool] | None, more: Callable[[], None]
    ) -> Iterator[Batch]:
        """The batches, as they come; `stop` is asked before each and while waiting.

        `more` is called when nothing is left, and may add a last round of tasks.
        Raises what a task raised, or CrawlStopped. However it ends, the threads end.
        """
        try:
            yield from self._drain(stop)
            more()
            yield from self._drain(stop)
        finally:
            self._end()

    def _drain(self, stop: Callable[[], bool] | None) -> Iterator[Batch]:
        while self._open or not self._results.empty():
            if stop and stop():
                raise CrawlStopped
            batch = self._next()
            if batch is not None:
                yield batch

    def _next(self) -> Batch | None:
        """The next batch, None if there is none now; raises a task's failure."""
        with contextlib.suppress(queue.Empty):
            batch = self._results.get(timeout=LOOK)
            if not self._failure:
                return batch
        if self._failure:
            raise self._failure
        return None

    def _end(self) -> None:
        self._stopped.set()
        with self._turn:
            self._turn.notify_all()
        until = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    # --- inside a thread ---

    def _man(self, lane: str) -> None:
        for number in range(THREADS):
            thread = threading.Thread(
                target=self._work, args=(lane,), name=f"{lane}-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _work(self, lane: str) -> None:
        try:
            while task := self._take(lane):
                task()
                self._done()
        except BaseException as error:  # handed to the consumer, which raises it
            self._failure = self._failure or error
            self._stopped.set()
        finally:
            self._release()

    def _take(self, lane: str) -> Task | None:
        """The lane's next task; None when all shall end."""
        with self._turn:
            while not self._stopped.is_set():
                if self._lanes[lane]:
                    return self._lanes[lane].popleft()
                self._turn.wait(LOOK)
        return None

    def _done(self) -> None:
        with self._turn:
            self._open -= 1
            if not self._open:
                self._wake()

    def _wake(self) -> None:
        """Tell threads and consumer that nothing is left."""
        self._turn.notify_all()
        with contextlib.suppress(queue.Full):
            self._results.put_nowait(None)
