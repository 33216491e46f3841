"""Addresses of Redis databases. Imported by the settings, so it imports no Django."""

import re
from urllib.parse import urlsplit


def is_redis_url(url: str) -> bool:
    """Whether an address has the form that the Redis client takes."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0
    except ValueError:
        return False
    number = parts.path.strip("/") if parts.scheme != "unix" else ""
    return usable and (not number or number.isdigit())


def next_database(url: str) -> str:
    """The database after the one that an address names (0 unless told), on the same server."""
    if match := re.search(r"([?&]db=)(\d+)", url):
        return url[: match.start(2)] + str(int(match[2]) + 1) + url[match.end(2) :]
    if url.startswith("unix:"):
        return url + ("&" if "?" in url else "?") + "db=1"
    base, slash, number = url.partition("://")[2].partition("/")
    scheme = url.partition("://")[0]
    return (
        f"{scheme}://{base}/{int(number) + 1 if number.isdigit() else 1}" if base else url + slash
    )
