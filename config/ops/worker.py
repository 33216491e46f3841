"""Work that takes long, done by one thread beside those that answer requests.

Of all who need the same at once, none does it twice, and no two things are done at once: that bounds
the memory it takes, and leaves the rest of the machine to requests.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from config.kernel.errors import DomainError

PATIENCE = 5.0  # seconds that whoever asks waits for the answer
MOST_AWAITED, MOST_FORESEEN = 64, 200  # jobs that are not begun
Work = Callable[[], bytes]
logger = logging.getLogger(__name__)


class NotYet(DomainError):
    """It is not ready yet. `job` makes it; without one the queue was full."""

    def __init__(self, job: "Job | None" = None) -> None:
        words = "This is being made. Please try again in a moment."
        super().__init__("busy", words)
        self.job = job


@dataclass(frozen=True)
class Job:
    """Something to do, and the word that it is done."""

    key: str
    work: Work
    done: "Future[bytes]" = field(default_factory=Future)


class Worker:
    """Does one thing after the other: first what somebody waits for, then what was foreseen.

    Its thread is there while there is work. `foresees` is true where a site is served: a command would
    end, or wait, in the middle of it.
    """

    def __init__(self) -> None:
        self.foresees = False
        self._jobs: dict[str, Job] = {}  # not done; by what they make
        self._awaited: deque[str] = deque()
        self._foreseen: deque[str] = deque()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def foresee(self, key: str, work: Work) -> None:
        """Do it when nobody waits for anything; not at all where too much else is to do."""
        with self._guard:
            if self.foresees and key not in self._jobs and len(self._foreseen) < MOST_FORESEEN:
                self._add(self._foreseen, Job(key, work))

    def ask(
        self, key: str, work: Work, patience: float = PATIENCE, made: Job | None = None
    ) -> bytes:
        """What the work makes, as soon as it is made. Raises NotYet, and whatever the work raises.

        `made` is a job that was awaited already. Its result is taken where the key is the same, so that what
        can't be kept is not made a second time.
        """
        job = made if made and made.key == key and made.done.done() else self._order(key, work)
        try:
            return job.done.result(patience)
        except TimeoutError:
            if job.done.done():  # the work itself raised it
                raise
            raise NotYet(job) from None

    def close(self) -> None:
        """Begin nothing more that was only foreseen."""
        with self._guard:
            self.foresees = False
            for key in set(self._foreseen) - set(self._awaited):
                job = self._jobs.get(key)  # none where it was awaited meanwhile, and is done
                if job and not job.done.running():
                    del self._jobs[key]
            self._foreseen.clear()

    def _order(self, key: str, work: Work) -> Job:
        with self._guard:
            job = self._jobs.get(key)
            if job is None or not (job.done.running() or key in self._awaited):
                if len(self._awaited) >= MOST_AWAITED:
                    raise NotYet
                job = job or Job(key, work)
                self._add(self._awaited, job)
            return job

    def _add(self, line: deque[str], job: Job) -> None:
        line.append(job.key)
        self._jobs[job.key] = job
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while job := self._next():
            try:
                made = job.work()
            except BaseException as error:
                logger.exception("This could not be made: %s", job.key)
                self._end(job)
                job.done.set_exception(error)
            else:
                self._end(job)
                job.done.set_result(made)

    def _next(self) -> Job | None:
        with self._guard:
            for line in (self._awaited, self._foreseen):
                while line:
                    job = self._jobs.get(line.popleft())
                    # What was foreseen and then awaited stands in both lines.
                    if job and job.done.set_running_or_notify_cancel():
                        return job
            self._thread = None
            return None

    def _end(self, job: Job) -> None:
        with self._guard:
            del self._jobs[job.key]
