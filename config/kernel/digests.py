"""How a secret that is used as a key is stored: as its hash, so that whoever reads the store can't use it."""

import hashlib


def digest(secret: str) -> str:
    """The SHA-256 of a secret, as 64 hexadecimal digits.

    For secrets that were drawn at random with 80 bits or more, which nobody can guess by trying. No key goes
    in: keys change, and the secrets outlive that. Passwords need a slow hash instead.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
