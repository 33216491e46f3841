"""Hooks of Schemathesis: who asks, and from where."""

import os
import random
import uuid
from typing import Any

import httpx
import schemathesis

CHANCE = random.SystemRandom()  # the ordinary one is set back for each example
# These end the token that they are called with.
ENDS_TOKENS = ["auth_logout", "users_password"]


def somewhere() -> str:
    """An address of its own for each call, since limits are tested elsewhere."""
    return ".".join(str(CHANCE.randrange(1, 255)) for _ in range(4))


def ask(route: str, **body: Any) -> httpx.Response:
    """What a route that signs in answers."""
    address = {"X-Forwarded-For": somewhere()}
    url = f"{os.environ['FUZZED']}/api/v1/auth/{route}"
    return httpx.post(url, json=body, headers=address, timeout=30)


class Bearer:
    """Sends a token with each call, but for those that are meant to lack it."""

    def set(self, case: Any, token: str, context: Any) -> None:
        """Put the token into the header."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.auth().skip_for(operation_id=ENDS_TOKENS)
class Player(Bearer):
    """The player of the demo."""

    def get(self, case: Any, context: Any) -> str:
        """A token, kept for the whole run."""
        answer = ask("login", username="player", password=os.environ["FUZZED_PASSWORD"])
        token: str = answer.raise_for_status().json()["access"]
        return token


@schemathesis.auth(refresh_interval=None).apply_to(operation_id=ENDS_TOKENS)
class Newcomer(Bearer):
    """Somebody new, whenever a call has ended the token of the one before."""

    password = "a quite long sentence"
    refresh = "none yet"

    def get(self, case: Any, context: Any) -> str:
        """A token in force, asked for each call."""
        answer = ask("refresh", refresh=self.refresh)
        if answer.status_code == 401:
            name = uuid.uuid4().hex[:20]
            answer = ask(
                "register",
                username=name,
                email=f"{name}@example.com",
                password=self.password,
                accept_privacy_policy=True,
            )
        pair: dict[str, str] = answer.raise_for_status().json()
        self.refresh = pair["refresh"]
        return pair["access"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put an address into the header that the server trusts in this run."""
    case.headers = {**(case.headers or {}), "X-Forwarded-For": somewhere()}
