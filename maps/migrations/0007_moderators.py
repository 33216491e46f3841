"""The permissions of moderators for maps: view, hide, restore, and read decisions."""

from django.db import migrations

from config.db.migration_helpers import grant, withdraw

GROUP = "Moderators"
PERMISSIONS = {
    ("maps", "gamemap", "view_gamemap"): "Can view map",
    ("maps", "gamemap", "moderate_gamemap"): "Can hide and restore maps",
    ("maps", "mapdecision", "view_mapdecision"): "Can view map decision",
}


def grant_permissions(apps, schema_editor):
    grant(apps, GROUP, PERMISSIONS)


def withdraw_permissions(apps, schema_editor):
    withdraw(apps, GROUP, "maps")


class Migration(migrations.Migration):
    dependencies = [("maps", "0006_words"), ("accounts", "0004_moderators")]

    operations = [migrations.RunPython(grant_permissions, withdraw_permissions)]
