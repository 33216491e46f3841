"""`manage.py maintain`: deletes unused and expired data."""

from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from config.ops.maintenance import DeletionsFailed, run_all


class Command(BaseCommand):
    """Runs all deletions. It may be interrupted, and may run at the same time as the site or itself."""

    help = "Delete unused and expired data: the daily maintenance, immediately."

    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            run_all(self.stdout.write if options["verbosity"] else lambda _: None)
        except DeletionsFailed as error:
            raise CommandError(str(error)) from error
