"""Parts of the cache backend django-redis that `CACHES` names: keys, and values that are bytes."""

from django_redis.client import DefaultClient


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Returns the key in Redis: without a version, with the prefix that a deployment sets."""
    return f"{key_prefix}{key}"


class BytesClient(DefaultClient):  # type: ignore[misc]
    """Stores bytes unchanged, so that a cached value can be sent without being parsed.

    The library's own client parses numbers, which would turn b"12" into 12.
    """

    def encode(self, value: bytes, *, allow_int: bool = True) -> bytes:
        """Returns the value to store."""
        return value

    def decode(self, value: bytes) -> bytes:
        """Returns the value that was stored."""
        return value
