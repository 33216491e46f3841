"""The rules of usernames."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

MIN_USERNAME_LENGTH, MAX_USERNAME_LENGTH = 3, 50
# ASCII only. With other letters, one name could look like another: Cyrillic 'а' like Latin 'a'.
USERNAME_PATTERN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
RESERVED_USERNAMES = frozenset(
    "admin administrator anonymous api everyone help mod moderator moderators none null official"
    " root security staff support system tribehold undefined".split()
)


def validate_username(name: str) -> None:
    """Checks the length and the characters, and rejects reserved names. Raises ValidationError."""
    if not MIN_USERNAME_LENGTH <= len(name) <= MAX_USERNAME_LENGTH:
        raise ValidationError(
            f"A name has {MIN_USERNAME_LENGTH} to {MAX_USERNAME_LENGTH} characters.",
            code="username_length",
        )
    if not USERNAME_PATTERN.fullmatch(name):
        raise ValidationError(
            "Use the letters a to z, digits, hyphens and underscores;"
            " begin and end with a letter or a digit.",
            code="username_characters",
        )
    if name.lower() in RESERVED_USERNAMES or name.lower().startswith("deleted_"):
        raise ValidationError("This name is reserved. Choose another.", code="username_reserved")


class UsernameField(models.CharField[str, str]):
    """A column of usernames. Migrations have a plain CharField, because they do not import this code."""

    default_validators = [validate_username]

    def deconstruct(self) -> Any:
        """Returns the field as it is in migrations."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options
