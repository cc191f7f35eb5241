"""The desk: a bounded queue of pictures in front of the processes that read them."""

import asyncio
import queue
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path

from digits.errors import DigitsError
from digits.reading.answer import Answer
from digits.web import worker
from digits.web.limits import LIMITS
from digits.web.refusal import Refusal
from digits.web.worker import Job, Result

SMALL = 4096  # bytes: what may share a batch; a 28x28 PNG has 300 to 900
BATCH = 16
START_SECONDS = 60.0
CLOSE_SECONDS = 2.0  # for a process to end by itself: nobody waits for what it reads then
PAUSE = 0.5  # seconds before a process that died while starting is started again


@dataclass
class Ticket:
    """A job that waits, and who waits for it."""

    job: Job
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Result]"

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for it."""
        return not self.future.done()

    def answer(self, result: Result) -> None:
        """Hand the result over, if it is wanted; from any thread."""
        if self.is_wanted:
            self.loop.call_soon_threadsafe(self._set, result)

    def _set(self, result: Result) -> None:
        if not self.future.done():
            self.future.set_result(result)


class Desk:
    """Reads pictures in processes of their own, from `start` to `close`."""

    def __init__(self, models: dict[str, Path], processes: int) -> None:
        self.models = models
        self.classes: dict[str, tuple[str, ...]] = {}  # of each model; known when one can read
        self.waiting = 0  # pictures that were taken and not answered
        self._queue: queue.Queue[Ticket | None] = queue.Queue()
        self._clerks = [Clerk(self._queue, models) for _ in range(processes)]

    def start(self) -> None:
        """Start the first of the processes, which loads the models; returns at once."""
        self._clerks[0].start()

    def await_start(self) -> None:
        """Wait until it can read, and start the others, which would only have kept it waiting.

        Raises:
            DigitsError: a model cannot be loaded, or nothing starts.
        """
        try:
            self.classes = self._clerks[0].await_start()
        except DigitsError:
            self.close()
            raise
        for clerk in self._clerks[1:]:
            clerk.start()

    def close(self) -> None:
        """End the processes; who has not been answered by now is not answered."""
        for _ in self._clerks:
            self._queue.put(None)
        self._join()
        self.kill()
        self._join()

    def _join(self) -> None:
        deadline = time.monotonic() + CLOSE_SECONDS
        for clerk in filter(threading.Thread.is_alive, self._clerks):
            clerk.join(max(0.0, deadline - time.monotonic()))

    def kill(self) -> None:
        """End the processes at once."""
        for clerk in self._clerks:
            clerk.kill()

    @property
    def ready(self) -> bool:
        """Whether a picture that comes now would be read soon."""
        return self.waiting < LIMITS.waiting and any(clerk.ready for clerk in self._clerks)

    async def read(self, jobs: list[Job]) -> list[Result]:
        """The results, in the order of the jobs.

        Raises:
            Refusal: 503, too many wait already.
        """
        if self.waiting + len(jobs) > LIMITS.waiting:
            raise Refusal(503, "the server is busy", "try again in a second", {"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        tickets = [Ticket(job, loop, loop.create_future()) for job in jobs]
        self.waiting += len(jobs)
        try:
            for ticket in tickets:
                self._queue.put(ticket)
            return list(await asyncio.gather(*(ticket.future for ticket in tickets)))
        finally:
            self.waiting -= len(jobs)
            for ticket in tickets:  # of who has gone nothing is kept until a clerk comes to it
                ticket.job = replace(ticket.job, data=b"")


class Clerk(threading.Thread):
    """A thread with a reading process, which it replaces when it crashes or hangs."""

    def __init__(self, tickets: "queue.Queue[Ticket | None]", models: dict[str, Path]) -> None:
        super().__init__(name="clerk", daemon=True)
        self._tickets, self._models = tickets, models
        self._tried = threading.Event()  # to start; Thread has a `_started` of its own
        self._process: SpawnProcess | None = None
        self._ended = False
        self._failure = ""
        self._classes: dict[str, tuple[str, ...]] = {}
        self.ready = False

    def await_start(self) -> dict[str, tuple[str, ...]]:
        """Wait until the process can read; the classes of each model.

        Raises:
            DigitsError: it cannot.
        """
        if not self._tried.wait(START_SECONDS):
            raise DigitsError("the reading process does not start; is the machine overloaded?")
        if self._failure:
            raise DigitsError(self._failure)
        return self._classes

    def kill(self) -> None:
        """End the process at once; it takes no signals but this one."""
        self._ended = True
        if self._process:
            self._process.kill()

    def run(self) -> None:
        self._begin()
        while not self._ended and (ticket := self._tickets.get()) is not None:
            batch = [one for one in (ticket, *self._more(ticket)) if one.is_wanted]
            if not batch:
                continue
            results = self._read([ticket.job for ticket in batch])
            for i, ticket in enumerate(batch):
                # None: one of them ended the process; read each alone, to see which.
                ticket.answer(results[i] if results else self._alone(ticket.job))
        self._end()

    def _more(self, first: Ticket) -> list[Ticket]:
        """Small pictures that wait already: they share a batch with a small one."""
        more: list[Ticket] = []
        while len(first.job.data) <= SMALL and len(more) < BATCH - 1:
            try:
                ticket = self._tickets.get_nowait()
            except queue.Empty:
                break
            if ticket is None:
                self._ended = True
                break
            more.append(ticket)
            first = ticket  # a large one is the last of its batch
        return more

    def _alone(self, job: Job) -> Result:
        results = self._read([job])
        return results[0] if results else _failed(job)

    def _read(self, jobs: list[Job]) -> list[Result] | None:
        """The results; None if the process crashed, or if one of several hung: not known which.

        Several have the time of one: who shares a batch with one that hangs waits no longer.
        """
        hung = False
        try:
            self._pipe.send(jobs)
            if self._pipe.poll(LIMITS.picture_seconds):
                results: list[Result] = self._pipe.recv()
                return results
            hung = True
        except (EOFError, OSError):
            pass
        self._end(kill=True)
        if not self._ended:
            self._begin()
        return [_failed(jobs[0])] if hung and len(jobs) == 1 else None

    def _begin(self) -> None:
        """Start a process and wait for it; tried again for as long as the server runs, but for the
        first time, when a model may be wrong."""
        while True:
            said: dict[str, tuple[str, ...]] | str
            try:
                self._start_process()
                said = self._pipe.recv() if self._pipe.poll(START_SECONDS) else "does not start"
            except (EOFError, OSError):
                said = "the reading process ends while it starts; is memory short?"
            if not isinstance(said, str):
                self._classes, self.ready = said, True
            elif not self._tried.is_set():
                self._failure, self._ended = said, True
            if self.ready or self._ended:
                self._tried.set()
                return
            self._end(kill=True)
            time.sleep(PAUSE)

    def _start_process(self) -> None:
        """Raises OSError where there is no memory, or no descriptor, for one."""
        context = get_context("spawn")  # forked copies of the server's threads would hang
        self._pipe, theirs = context.Pipe()
        with theirs:
            process = context.Process(target=worker.run, args=(theirs, self._models), daemon=True)
            process.start()
        self._process = process
        if self._ended:  # since before there was a process to kill
            process.kill()

    def _end(self, kill: bool = False) -> None:
        self.ready = False
        if self._process:
            if kill:
                self._process.kill()
            self._pipe.close()
            self._process.join()


def _failed(job: Job) -> Result:
    message = f"{job.name}: its decoder crashed or took too long; save it again, or try later"
    answer = Answer(job.name, "error", error=message, model=job.model)
    return Result(422, "error", worker.as_bytes(answer.as_json()), message)
