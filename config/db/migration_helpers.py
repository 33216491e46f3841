"""Helpers of migrations. Do not change them: released migrations use them."""

from collections.abc import Mapping
from typing import Any


def grant(apps: Any, group: str, permissions: Mapping[tuple[str, str, str], str]) -> None:
    """Gives permissions to a group. Creates the group and the permissions if needed.

    `permissions` has their names by application, model and codename, such as ("maps", "gamemap",
    "view_gamemap"). Django creates missing permissions after all migrations, which is too late to grant
    them in one.
    """
    row, _ = apps.get_model("auth", "Group").objects.get_or_create(name=group)
    content_types = apps.get_model("contenttypes", "ContentType").objects
    for (app_label, model, codename), name in permissions.items():
        content_type, _ = content_types.get_or_create(app_label=app_label, model=model)
        permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        row.permissions.add(permission)


def withdraw(apps: Any, group: str, app_label: str) -> None:
    """Removes the permissions of an application from a group."""
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label=app_label
    )
    for row in apps.get_model("auth", "Group").objects.filter(name=group):
        row.permissions.remove(*permissions)
