"""`manage.py maintain`: deletes what is not needed any more."""

from collections.abc import Callable
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from accounts.devices import expiry
from maps.previews import cleanup
from maps.search import spelling
from sessions_app.games import played_maps, write_behind

TASKS: tuple[tuple[str, Callable[[], int]], ...] = (
    ("expired sessions of pages", expiry.delete_expired),
    ("states of games that are over", write_behind.delete_old_states),
    ("maps as played, without games", played_maps.delete_unused_maps),
    ("words that no map has", spelling.delete_unused_words),
    ("pictures that no map has", cleanup.sweep),
)


class Command(BaseCommand):
    """Runs all tasks. It may run beside the site and beside itself, and may be interrupted."""

    help = "Delete what is not needed any more. Run it daily."

    def handle(self, *arguments: Any, **options: Any) -> None:
        failed = []
        for what, task in TASKS:
            try:
                number = task()
            except Exception as error:  # the other tasks do not depend on this one
                failed.append(f"{what} ({type(error).__name__})")
                continue
            if options["verbosity"]:
                self.stdout.write(f"{number:,} {what} deleted.")
        if failed:
            raise CommandError(f"Not deleted: {', '.join(failed)}.")
