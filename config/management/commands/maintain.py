"""`manage.py maintain`: delete what nobody needs any more."""

from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from config.ops.maintenance import NotDeleted, run_all


class Command(BaseCommand):
    """Runs all deletions. It can be stopped and run again, beside the site and beside another one."""

    help = "Delete what nobody needs any more: the daily maintenance, at once."

    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            run_all(self.stdout.write if options["verbosity"] else lambda _: None)
        except NotDeleted as error:
            raise CommandError(str(error)) from error
