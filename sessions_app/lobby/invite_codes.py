"""Invite codes: generating, normalizing and checking them. Pure."""

import secrets

# Without letters and digits that look alike.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 6


def generate_code() -> str:
    """Returns a new code with thirty random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def normalize_code(text: str) -> str:
    """Returns a code as it is stored, without spaces and hyphens, in upper case."""
    return "".join(text.upper().replace("-", " ").split())


def is_code(text: str) -> bool:
    """Returns whether a normalized text can be a code."""
    return len(text) == CODE_LENGTH and set(text) <= set(ALPHABET)
