"""Daily maintenance: each application registers deletions, and one task runs all of them.

`manage.py maintain` runs them immediately.
"""

from collections.abc import Callable
from dataclasses import dataclass

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from config.ops import task_queue

EVERY_DAY = "17 4 * * *"  # UTC; a process that starts later runs it then
RETRIES = RetryStrategy(max_attempts=5, exponential_wait=5)


@dataclass(frozen=True)
class Deletion:
    """Deletes unused or expired data. `delete` returns the number of deleted items."""

    label: str  # of the items: "words that no map has", for "3 words that no map has deleted."
    delete: Callable[[], int]


DELETIONS: dict[str, Deletion] = {}


class DeletionsFailed(Exception):
    """At least one deletion failed."""


def register(name: str, label: str, delete: Callable[[], int]) -> None:
    """Adds a deletion. Called once, when the application is loaded."""
    DELETIONS[name] = Deletion(label, delete)


def run_all(report: Callable[[str], object]) -> None:
    """Runs all deletions, and reports how many items each deleted. Raises DeletionsFailed at the end."""
    failed = []
    for deletion in DELETIONS.values():
        try:
            number = deletion.delete()
        except Exception as error:  # the other deletions must still run
            failed.append(f"{deletion.label} ({type(error).__name__})")
        else:
            report(f"{number:,} {deletion.label} deleted.")
    if failed:
        raise DeletionsFailed(f"Not deleted: {', '.join(failed)}.")


@app.periodic(cron=EVERY_DAY)
@app.task(
    name="maintenance.run", queue=task_queue.MAINTENANCE, queueing_lock="maintenance", retry=RETRIES
)
def run(timestamp: int) -> None:
    """Runs all deletions. If one fails, the job is retried, with all of them."""
    run_all(lambda _: None)
