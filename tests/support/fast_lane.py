"""Requests to the fast lane and to Django, and what to compare of their responses."""

import datetime
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.utils import timezone

from accounts.models import User
from config.server import handler
from maps.models import GameMap
from maps.moderation.actions import decide
from tests.support.factories import make_map, make_moderator
from tests.support.live_site import Site

# Makes Django handle a request, which ignores this header.
ORDINARY = {"Range": "bytes=0-"}
CHANGING = {"date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}


@pytest.fixture
def thirty_maps(author: User) -> list[GameMap]:
    """Public maps whose age in words does not change during a test."""
    some_days_ago = timezone.now() - datetime.timedelta(days=10)
    return [
        make_map(author, f"Ford {n}", play_count=n % 7, created_at=some_days_ago) for n in range(30)
    ]


@pytest.fixture
def maps_http(thirty_maps: list[GameMap], site: Site) -> Iterator[httpx.Client]:
    """A client of the running site, which has thirty maps."""
    with httpx.Client(base_url=site.url) as client:
        yield client


@pytest.fixture
def django_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that Django, and not the fast lane, was asked for."""
    asked: list[str] = []
    response = handler.ThreadedASGIHandler.respond

    def respond(self: Any, scope: Any, body: Any) -> Any:
        asked.append(scope["path"])
        return response(self, scope, body)

    monkeypatch.setattr(handler.ThreadedASGIHandler, "respond", respond)
    return asked


def comparable(response: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, without the headers that differ each time."""
    headers = {name: value for name, value in response.headers.items() if name not in CHANGING}
    return response.status_code, headers, response.content


def hide(game_map: GameMap) -> None:
    """Hides a map, as a moderator does."""
    moderator = make_moderator()
    decide(moderator=moderator, map_id=game_map.pk, action="hide", reason="A test.")  # type: ignore[arg-type]
