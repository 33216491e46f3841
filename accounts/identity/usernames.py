"""What a player may be called. Pure of Django models, so that forms, API and seed share it."""

import re

from django.core.exceptions import ValidationError

USERNAME_MIN, USERNAME_MAX = 3, 50
# ASCII only: 'а' (Cyrillic) beside 'a' would let a stranger look like somebody else.
USERNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
RESERVED = frozenset(
    "admin administrator anonymous api everyone help mod moderator moderators none null official"
    " root security staff support system tribehold undefined".split()
)


def validate_username(name: str) -> None:
    """Raise ValidationError unless a name is readable, ours to give, and of a length we take."""
    if not USERNAME_MIN <= len(name) <= USERNAME_MAX:
        raise ValidationError(
            f"A name has {USERNAME_MIN} to {USERNAME_MAX} characters.", code="username_length"
        )
    if not USERNAME.fullmatch(name):
        raise ValidationError(
            "Use the letters a to z, digits, hyphens and underscores;"
            " begin and end with a letter or a digit.",
            code="username_characters",
        )
    if name.lower() in RESERVED or name.lower().startswith("deleted_"):
        raise ValidationError("This name is reserved. Choose another.", code="username_reserved")
