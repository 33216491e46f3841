"""The routes of the site."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver

ARGUMENTS = {
    "username": "Player1",
    "token": "t0k-en",
    "uidb64": "MQ",
    "code": "7KQ2MX",
    "size": "card",
    "content": f"{'0' * 64}-1",
    "form": "webp",
}


def routes(patterns: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields each route: its name and arguments of the right form."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = (*names, entry.namespace) if entry.namespace else names
            yield from routes(entry.url_patterns, inner)
        elif isinstance(entry, URLPattern) and entry.name:
            wanted = entry.pattern.regex.groupindex
            arguments = {name: ARGUMENTS.get(name, str(uuid4())) for name in wanted}
            yield ":".join((*names, entry.name)), arguments
