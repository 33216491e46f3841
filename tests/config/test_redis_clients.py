"""The clients of Redis: what they store, how long they wait, and when they are not asked."""

import asyncio
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django_redis import get_redis_connection
from django_redis.cache import RedisCache

from config.redis.aliases import TIMEOUT_SECONDS
from config.redis.clients import (
    CircuitBreaker,
    disposable,
    durable,
    durable_async,
    is_circuit_open,
)
from config.redis.read_through import delete_keys, read_or_fill
from tests.support.redis import open_circuit, redis_away


@pytest.mark.django_db
@pytest.mark.parametrize("value", [b"12", b"", b"\x1f\x8b\x00\xff", b'{"a":1}'])
def test_cached_bytes_are_stored_as_they_are(value: bytes) -> None:
    disposable().set("map:x:data", value, 60)
    stored = get_redis_connection("disposable")
    assert stored.keys("*") == [b"map:x:data"]
    assert stored.get("map:x:data") == value
    assert disposable().get("map:x:data") == value
    assert 0 < disposable().ttl("map:x:data") <= 60
    assert durable().keys("*") == []


@pytest.mark.django_db
def test_libraries_cache_in_the_disposable_redis_and_not_as_pickles() -> None:
    cache.set("throttle", [1.5, 2.5], 60)
    assert cache.get("throttle") == [1.5, 2.5]
    assert get_redis_connection("disposable").get("throttle") == b"[1.5, 2.5]"


def test_all_clients_give_up_after_the_timeout_and_do_not_retry() -> None:
    clients: list[Any] = [durable(), get_redis_connection("disposable"), durable_async()]
    for client in clients:
        connection = client.connection_pool.make_connection()
        assert connection.socket_timeout == TIMEOUT_SECONDS
        assert connection.socket_connect_timeout == TIMEOUT_SECONDS
        assert connection.retry.get_retries() == 0
    assert [client.connection_pool.max_connections for client in clients] == [100] * 3


def test_the_client_of_an_event_loop_asks_the_same_redis() -> None:
    names = {"path", "host", "port", "db", "username", "password", "decode_responses"}
    used, wanted = (
        {name: value for name, value in options.items() if name in names and value is not None}
        for options in (
            client.connection_pool.connection_kwargs for client in (durable_async(), durable())
        )
    )
    assert used == wanted
    assert used["decode_responses"]


def test_a_password_may_have_a_comma() -> None:
    with redis_away("redis://:pass,word@127.0.0.1:1/0"):
        for client in (durable(), durable_async()):
            assert client.connection_pool.connection_kwargs["password"] == "pass,word"


@pytest.mark.django_db
def test_each_redis_has_a_circuit_of_its_own() -> None:
    open_circuit("disposable")
    assert is_circuit_open("disposable")
    with pytest.raises(redis.ConnectionError), CircuitBreaker("disposable"):
        pytest.fail("a command was sent")
    assert not is_circuit_open()
    with CircuitBreaker():
        assert durable().ping()


def test_only_a_failure_of_redis_opens_the_circuit() -> None:
    with pytest.raises(ValueError), CircuitBreaker():
        raise ValueError
    assert not is_circuit_open()
    for is_open in (False, True):
        with pytest.raises(redis.TimeoutError), CircuitBreaker():
            raise redis.TimeoutError
        assert is_circuit_open() == is_open


def test_a_failure_of_the_cache_opens_its_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(RedisCache, "get", fail)
    for is_open in (False, True):
        assert read_or_fill("key", lambda: b"made") == b"made"
        assert is_circuit_open("disposable") == is_open


@pytest.mark.django_db
def test_cache_invalidation_is_tried_while_the_circuit_is_open() -> None:
    disposable().set("map:x:data", b"old", 60)
    open_circuit("disposable")
    delete_keys("map:x:data")
    assert not disposable().has_key("map:x:data")
    delete_keys()  # without a key nothing is sent


def test_each_event_loop_has_a_pool_of_its_own() -> None:
    async def make() -> Any:
        async with durable_async() as client:
            return client.connection_pool

    assert asyncio.run(make()) is not asyncio.run(make())
