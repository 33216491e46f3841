"""The group of moderators, and its permissions for players: view, deactivate, reactivate."""

from django.db import migrations

from config.db.migration_helpers import grant

GROUP = "Moderators"
PERMISSIONS = {
    ("accounts", "user", "view_user"): "Can view player",
    ("accounts", "user", "deactivate_user"): "Can deactivate and reactivate players",
}


def create_group(apps, schema_editor):
    grant(apps, GROUP, PERMISSIONS)


def delete_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_triggers"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_group, delete_group)]
