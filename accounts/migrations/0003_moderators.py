"""The moderators' group, and what it may do to players: look, deactivate, reactivate."""

from typing import Any

from django.db import migrations

from config.db.migration_helpers import grant

GROUP = "Moderators"


def create(apps: Any, schema_editor: Any) -> None:
    grant(apps, GROUP, "accounts", "view_user", "deactivate_user")


def remove(apps: Any, schema_editor: Any) -> None:
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_audit_log"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create, remove)]
