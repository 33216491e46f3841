"""Random players who sign up through the API."""

import secrets

# Words, because a password of random hexadecimal digits was sometimes too similar to the random name.
PASSWORD = "lightly worried weavers juggle"


def new_player() -> dict[str, str]:
    """Returns the name, email address and password of a new player."""
    name = f"bench-{secrets.token_hex(6)}"
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
