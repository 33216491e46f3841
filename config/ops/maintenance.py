"""Daily maintenance: each application registers what it deletes; one task deletes all of it.

`manage.py maintain` does the same at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from config.ops import tasks

EVERY_DAY = "17 4 * * *"  # UTC; a process that starts later catches up
RETRIES = RetryStrategy(max_attempts=5, exponential_wait=5)


@dataclass(frozen=True)
class Deletion:
    """Deletes what nobody needs any more, and returns how much that was."""

    label: str  # as in "3 words that no map has deleted"
    delete: Callable[[], int]


DELETIONS: dict[str, Deletion] = {}


class NotDeleted(Exception):
    """Some deletions failed."""


def register(name: str, label: str, delete: Callable[[], int]) -> None:
    """Adds a deletion. Called once, when the application is loaded."""
    DELETIONS[name] = Deletion(label, delete)


def run_all(report: Callable[[str], object]) -> None:
    """Runs all deletions, and reports how much each has deleted. Raises NotDeleted after the last one."""
    failed = []
    for deletion in DELETIONS.values():
        try:
            number = deletion.delete()
        except Exception as error:  # the others can be done all the same
            failed.append(f"{deletion.label} ({type(error).__name__})")
        else:
            report(f"{number:,} {deletion.label} deleted.")
    if failed:
        raise NotDeleted(f"Not deleted: {', '.join(failed)}.")


@app.periodic(cron=EVERY_DAY)
@app.task(
    name="maintenance.run", queue=tasks.MAINTENANCE, queueing_lock="maintenance", retry=RETRIES
)
def run(timestamp: int) -> None:
    """Runs all deletions; all of them once more where one has failed."""
    run_all(lambda _: None)
