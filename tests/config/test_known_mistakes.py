"""Known mistakes of common solutions: each test shows one, and that ours does not make it.

The common solutions run into a race that always happens: all reads come before the first write.
"""

import io
import threading
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from rest_framework.exceptions import ParseError, Throttled
from rest_framework.parsers import JSONParser
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from accounts.models import User
from accounts.tokens import families
from config.api.serialization import StrictJSONParser
from config.http.client import client_of
from config.limits import rate_limits
from config.redis.clients import durable
from tests.support.concurrency import at_once

pytestmark = pytest.mark.django_db
HANDS = 12


class AllReadFirst:
    """A cache in which all reads come before the first write."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(HANDS)

    def get(self, key: str, default: Any = None) -> Any:
        value = cache.get(key, default)
        self.barrier.wait(10)
        return value

    def set(self, key: str, value: Any, timeout: float) -> None:
        cache.set(key, value, timeout)


class FiveAMinute(SimpleRateThrottle):
    """The throttle of DRF, which reads a list of times, appends one and writes it back."""

    rate = "5/min"
    scope = "trap"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"trap:{self.get_ident(request)}"


def passed(ask: Any) -> int:
    """Returns how many of the simultaneous calls were allowed."""

    def one(_: int) -> bool:
        try:
            return ask() is not False
        except (rate_limits.RateLimited, Throttled):
            return False

    return sum(at_once(HANDS, one))


def test_a_limit_that_reads_before_it_writes_can_be_exceeded() -> None:
    request, view = RequestFactory().get("/"), APIView()
    stock = AllReadFirst()
    throttles = iter([FiveAMinute() for _ in range(HANDS)])

    def ask_default_throttle() -> bool:
        throttle = next(throttles)
        throttle.cache = stock  # type: ignore[assignment]
        return throttle.allow_request(request, view)  # type: ignore[arg-type]

    assert passed(ask_default_throttle) == HANDS
    assert passed(lambda: rate_limits.count_one("login", "trap")) == 5


def test_an_invented_address_does_not_evade_the_rate_limit(settings: Any) -> None:
    made_up = [
        RequestFactory(headers={"X-Forwarded-For": f"10.0.0.{n}"}).get("/") for n in range(9)
    ]
    throttle = FiveAMinute()
    assert len({throttle.get_ident(request) for request in made_up}) == 9  # type: ignore[arg-type]
    assert {client_of(request).address for request in made_up} == {"127.0.0.1"}


def rotate_in_steps(barrier: threading.Barrier, key: str, presented: str, fresh: str) -> bool:
    """Rotates a token as a library does that checks it before it writes."""
    good = durable().get(key) == presented
    barrier.wait(10)
    if good:
        durable().set(key, fresh)
    return good


def test_a_token_that_is_checked_before_it_is_replaced_rotates_several_times(player: User) -> None:
    barrier = threading.Barrier(HANDS)
    durable().set("trap", "first")
    winners = at_once(HANDS, lambda n: rotate_in_steps(barrier, "trap", "first", str(n)))
    assert sum(winners) == HANDS

    ids = families.start(player.pk, "tests")
    won = at_once(
        HANDS,
        lambda _: families.rotate(
            player.pk, family=ids.family, presented=ids.refresh, device="tests"
        ),
    )
    assert sum(pair is not None for pair in won) == 1


@pytest.mark.parametrize(
    "body",
    [b'"\\u0000"', b'"\\ud800"', b"[" * 900 + b"]" * 900, b'{"a": 1, "a": 2}'],
    ids=["nul", "surrogate", "deep", "doubled"],
)
def test_json_that_other_parts_can_not_handle_is_rejected(client: Client, body: bytes) -> None:
    JSONParser().parse(io.BytesIO(body), parser_context={"encoding": "utf-8"})  # takes it
    with pytest.raises(ParseError):
        StrictJSONParser().parse(io.BytesIO(body))
