"""Invite codes: how they are drawn, and how people may type them. Pure."""

import secrets

# Letters and digits that nobody confuses with each other.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 6


def generate_code() -> str:
    """Returns a new code with thirty random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def normalize_code(text: str) -> str:
    """Returns a code as it is stored. People also type small letters, spaces and hyphens."""
    return "".join(text.upper().replace("-", " ").split())


def is_code(text: str) -> bool:
    """Returns whether a normalized text can be a code."""
    return len(text) == CODE_LENGTH and set(text) <= set(ALPHABET)
