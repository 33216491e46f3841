"""Hooks of Schemathesis: each call comes from an address of its own, since limits are tested elsewhere."""

import random
from typing import Any

import schemathesis

CHANCE = random.SystemRandom()  # the ordinary one is set back for each example


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put an address into the header that the server trusts in this run."""
    address = ".".join(str(CHANCE.randrange(1, 255)) for _ in range(4))
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}
