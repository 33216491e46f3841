"""What a username may be."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

MIN_USERNAME_LENGTH, MAX_USERNAME_LENGTH = 3, 50
# ASCII only. With other letters a stranger could look like somebody else: 'а' (Cyrillic) beside 'a'.
USERNAME_PATTERN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
RESERVED_NAMES = frozenset(
    "admin administrator anonymous api everyone help mod moderator moderators none null official"
    " root security staff support system tribehold undefined".split()
)


def validate_username(name: str) -> None:
    """Checks length, characters, and that the name is not reserved. Raises ValidationError."""
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
    if name.lower() in RESERVED_NAMES or name.lower().startswith("deleted_"):
        raise ValidationError("This name is reserved. Choose another.", code="username_reserved")


class UsernameField(models.CharField[str, str]):
    """A column of usernames. Migrations contain a plain CharField, since they import nothing of this code."""

    default_validators = [validate_username]

    def deconstruct(self) -> Any:
        """Returns what migrations contain."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options
