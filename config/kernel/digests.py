"""Hashes of secrets that are used as keys, so that nobody can use what is stored."""

import hashlib


def digest(secret: str) -> str:
    """Returns the SHA-256 of a secret, as 64 hexadecimal digits.

    Only for random secrets of 80 bits or more: passwords need a slow hash. It uses no key of the site,
    because these secrets must still work after a key has changed.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
