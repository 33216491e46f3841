"""`manage.py recovery_code NAME`: for an administrator who has lost the app and the recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.second_factor import actions as second_factor


class Command(BaseCommand):
    """Prints a new recovery code for a player who has set up an authenticator app."""

    help = "Print a recovery code, which works once in place of an authenticator app's code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="username or email address")

    def handle(self, *arguments: Any, name: str, **options: Any) -> None:
        user = User.objects.by_username_or_email(name).first()
        if user is None:
            raise CommandError("No account has this name.")
        if not second_factor.is_set_up(user):
            raise CommandError(
                "This account has no authenticator app yet. Sign in to the admin to set one up."
            )
        self.stdout.write(second_factor.add_recovery_code(user))
