"""How a secret that is used as a key is stored: as a hash, which is useless to whoever reads the store."""

import hashlib


def digest(secret: str) -> str:
    """Returns the SHA-256 of a secret, as 64 hexadecimal digits.

    For random secrets of 80 bits or more, which nobody can guess. Passwords need a slow hash instead. It uses
    no key of the site, because these secrets must still work after a key has changed.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
