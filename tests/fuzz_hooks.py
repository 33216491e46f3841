"""Hooks of Schemathesis: the tokens and addresses of requests."""

import os
import random
import uuid
from typing import Any

import httpx
import schemathesis

CHANCE = random.SystemRandom()  # the ordinary one is set back for each example
# These end the token that they are called with.
ENDS_TOKENS = ["auth_logout", "users_password"]


def random_address() -> str:
    """Returns another client address for each call, so that rate limits do not matter."""
    return ".".join(str(CHANCE.randrange(1, 255)) for _ in range(4))


def ask(route: str, **body: Any) -> httpx.Response:
    """Returns the response of a route that signs in."""
    address = {"X-Forwarded-For": random_address()}
    url = f"{os.environ['FUZZED']}/api/v1/auth/{route}"
    return httpx.post(url, json=body, headers=address, timeout=30)


class Bearer:
    """Sends a token with each call, except those that are meant to lack it."""

    def set(self, case: Any, token: str, context: Any) -> None:
        """Puts the token into the header."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.auth().skip_for(operation_id=ENDS_TOKENS)
class Player(Bearer):
    """The player of the demo."""

    def get(self, case: Any, context: Any) -> str:
        """A token for the whole run."""
        response = ask("login", username="player", password=os.environ["FUZZED_PASSWORD"])
        token: str = response.raise_for_status().json()["access"]
        return token


@schemathesis.auth(refresh_interval=None).apply_to(operation_id=ENDS_TOKENS)
class Newcomer(Bearer):
    """Registers another player whenever a call has ended the token of the last one."""

    password = "a quite long sentence"
    refresh = "none yet"

    def get(self, case: Any, context: Any) -> str:
        """Provides a valid token for each call."""
        response = ask("refresh", refresh=self.refresh)
        if response.status_code == 401:
            name = uuid.uuid4().hex[:20]
            response = ask(
                "register",
                username=name,
                email=f"{name}@example.com",
                password=self.password,
                accept_privacy_policy=True,
            )
        pair: dict[str, str] = response.raise_for_status().json()
        self.refresh = pair["refresh"]
        return pair["access"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Puts an address into the header that the server trusts in this run."""
    case.headers = {**(case.headers or {}), "X-Forwarded-For": random_address()}
