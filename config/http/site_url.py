"""The URL of the site, from the settings, for links that others read or that last longer than a request.

A client chooses the `Host` of its request. So links in emails, in the sitemap, in robots.txt and in cached
previews of pages use the setting SITE_URL. Links that only the reader of a page sees may use the host of the
request.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import validate_host

HOST_PATTERN = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.I)


def read_site_url(text: str, hosts: Sequence[str], *, is_secure: bool) -> str:
    """Returns a URL without a path, such as `https://tribehold.example`. Raises ValueError with the reason.

    It must name one of `hosts`. With `is_secure`, it must be https.
    """
    try:
        parts = urlsplit(text.rstrip("/"))
        port = parts.port
    except ValueError:
        raise ValueError("is not a valid URL.") from None
    if parts.scheme not in (("https",) if is_secure else ("http", "https")):
        raise ValueError(f"must begin with {'https' if is_secure else 'http'}://.")
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    if not HOST_PATTERN.fullmatch(host) or port == 0 or parts.path or parts.query or parts.fragment:
        raise ValueError("must be a scheme and a host only, such as https://tribehold.example.")
    if not validate_host(host.lower(), hosts):
        raise ValueError("must name one of ALLOWED_HOSTS.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def absolute_url(path: str) -> str:
    """Returns the full URL of a path of the site."""
    return f"{settings.SITE_URL}{path}"


def site_url(request: HttpRequest) -> dict[str, str]:
    """Returns `site_url` for templates: a context processor."""
    return {"site_url": settings.SITE_URL}
