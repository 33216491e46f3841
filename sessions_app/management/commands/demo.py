"""`manage.py demo`: fills an empty database with example data."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import User
from accounts.models.users import MODERATORS
from sessions_app.demo.seeder import analyze_tables


class Command(BaseCommand):
    """Creates 300 maps and three accounts. Does nothing in a database with players."""

    help = "Fill an empty database with a demo."

    def handle(self, *arguments: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        self.stdout.write("Filling the empty database with a demo …")
        # In one transaction: an interrupted start leaves the database empty, and the next one tries again.
        with transaction.atomic():
            password = demo_password()
            User.objects.create_user("player", "player@example.com", password)
            moderator = User.objects.create_user(
                "moderator", "moderator@example.com", password, is_staff=True
            )
            moderator.groups.add(Group.objects.get(name=MODERATORS))
            User.objects.create_superuser("admin", "admin@example.com", password)
            call_command("seed", verbosity=0)
        analyze_tables()


def demo_password() -> str:
    """Returns the password of the demo's accounts. It is random, because others may reach the demo."""
    file = settings.DATA_DIR / "secrets" / "demo_password"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    if not file.read_text():
        file.write_text(secrets.token_urlsafe(9))
    password: str = file.read_text()
    return password
