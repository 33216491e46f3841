"""Forms of the pages, filled in."""

from typing import Any

from django.test import Client

from tests.support.factories import PASSWORD

GOOD = {"username": "Mira_7", "email": "mira@example.com", "password": PASSWORD, "privacy": "on"}


def sign_up(client: Client, **changes: str) -> Any:
    return client.post("/signup/", GOOD | changes)
