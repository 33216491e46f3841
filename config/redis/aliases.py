"""The aliases of Redis in `CACHES`. Imported by the settings, so it imports no Django."""

from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 0.4  # that a request may wait for a Redis that does not respond
CONNECTION: dict[str, Any] = {
    "max_connections": 100,
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),  # a retry would take as long again
}


def cache_aliases(durable_url: str, disposable_url: str) -> dict[str, dict[str, Any]]:
    """Returns `CACHES`, with aliases for the durable and the disposable database."""
    text = {"CONNECTION_POOL_KWARGS": CONNECTION | {"decode_responses": True}}
    return {
        "durable": _alias(durable_url, text),
        "disposable": _alias(disposable_url, {"CLIENT_CLASS": "config.redis.backend.BytesClient"}),
        # Django requires it, for what libraries cache. JSON, because a pickle could run code.
        "default": _alias(
            disposable_url, {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"}
        ),
    }


def _alias(url: str, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": [url],  # a list: a text is split at commas, which a password may have
        "KEY_FUNCTION": "config.redis.backend.cache_key",
        "OPTIONS": {"CONNECTION_POOL_KWARGS": CONNECTION} | options,
    }
