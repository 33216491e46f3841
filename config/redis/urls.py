"""URLs of Redis databases. Imported by the settings, so it imports no Django."""

import re
from urllib.parse import urlsplit


def check_redis_url(url: str) -> None:
    """Raises ValueError for a URL that the Redis client can't parse."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0
    except ValueError:
        is_usable = False
    number = parts.path.strip("/") if is_usable and parts.scheme != "unix" else ""
    if not is_usable or (number and not number.isdigit()):
        raise ValueError(
            "is not a valid URL: it must look like redis://host:6379/0, rediss:// or unix://."
        )


def next_database(url: str) -> str:
    """Returns the URL of the next database on the same server. A URL without a number means database 0."""
    if match := re.search(r"([?&]db=)(\d+)", url):
        return url[: match.start(2)] + str(int(match[2]) + 1) + url[match.end(2) :]
    if url.startswith("unix:"):
        return url + ("&" if "?" in url else "?") + "db=1"
    address, mark, options = url.partition("?")
    scheme, _, rest = address.partition("://")
    host, _, number = rest.partition("/")
    following = int(number) + 1 if number.isdigit() else 1
    return f"{scheme}://{host}/{following}{mark}{options}"
