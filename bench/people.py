"""Invented people who sign up as anybody does."""

import secrets

# Words: a random password of hexadecimal digits was now and then too much like the random name.
PASSWORD = "lightly worried weavers juggle"


def new_player() -> dict[str, str]:
    """Name, email address and password of somebody who wants to register."""
    name = f"bench-{secrets.token_hex(6)}"
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
