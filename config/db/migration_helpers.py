"""Helpers for migrations."""

from typing import Any

from django.contrib.auth.management import create_permissions


def grant(apps: Any, group: str, app_label: str, *codenames: str) -> None:
    """Gives a group permissions of an application. Creates the group and the permissions if needed.

    Django creates permissions after all migrations, which is too late for a migration that grants them.
    """
    app_config = apps.get_app_config(app_label)
    app_config.models_module = True
    create_permissions(app_config, apps=apps, verbosity=0)
    app_config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label=app_label, codename__in=codenames
    )
    if len(permissions) != len(codenames):
        raise LookupError(f"{app_label} lacks one of the permissions {codenames}")
    apps.get_model("auth", "Group").objects.get_or_create(name=group)[0].permissions.add(
        *permissions
    )


def withdraw(apps: Any, group: str, app_label: str) -> None:
    """Removes the permissions of an application from a group."""
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label=app_label
    )
    for row in apps.get_model("auth", "Group").objects.filter(name=group):
        row.permissions.remove(*permissions)
