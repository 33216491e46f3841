"""Helpers of migrations."""

from typing import Any

from django.contrib.auth.management import create_permissions


def grant(apps: Any, group: str, app_label: str, *codenames: str) -> None:
    """Give a group permissions of an application, making group and permissions where missing.

    Django makes permissions only after all migrations have run, which is too late for a grant.
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
    """Take from a group what it may do in an application."""
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label=app_label
    )
    for row in apps.get_model("auth", "Group").objects.filter(name=group):
        row.permissions.remove(*permissions)
