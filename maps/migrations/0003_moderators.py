"""What moderators may do to maps: look, hide, restore, and read why."""

from typing import Any

from django.db import migrations

from config.db.migration_helpers import grant, withdraw

GROUP = "Moderators"


def allow(apps: Any, schema_editor: Any) -> None:
    grant(apps, GROUP, "maps", "view_gamemap", "moderate_gamemap", "view_mapdecision")


def disallow(apps: Any, schema_editor: Any) -> None:
    withdraw(apps, GROUP, "maps")


class Migration(migrations.Migration):
    dependencies = [("maps", "0002_rating_trigger"), ("accounts", "0003_moderators")]

    operations = [migrations.RunPython(allow, disallow)]
