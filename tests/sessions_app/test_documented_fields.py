"""docs/protocol.md describes every field of the messages that the real server sends, and no other."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from accounts.tokens.actions import start_family
from sessions_app.lobby import rules
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.protocol_document import (
    CARD_HEADING,
    LIST_HEADING,
    LOBBY_HEADING,
    PLAYER_HEADING,
    TICKET_HEADING,
    names,
    rows,
)
from tests.support.socket_clients import Caller, seated

pytestmark = pytest.mark.django_db(transaction=True)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
TIMES = {"time", "at", "since"}  # and all names that end with `_at`


def documented(heading: str) -> dict[str, set[str]]:
    """Returns the fields of a table, and the names in their descriptions."""
    return {name: set(names(row[1])) for row in rows(heading) for name in names(row[0])}


def assert_documented(document: dict[str, Any], heading: str) -> None:
    fields = documented(heading)
    assert document.keys() == fields.keys(), heading
    for name, value in document.items():
        if isinstance(value, dict) and name != "maps":
            assert value.keys() <= fields[name], (heading, name)


def times(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yields all times in a message, by their names."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from times(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from times(inner, name)
    elif name.endswith("_at") or name in TIMES:
        yield name, value
    else:
        assert not (isinstance(value, int | float) and value > 10**9), (name, "looks like a time")


def test_the_document_describes_the_fields_of_real_messages(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "COUNTDOWN", timedelta(seconds=0.3))
    table = Table(2)
    received: list[dict[str, Any]] = []
    with Caller(site, "/ws/lobbies") as looker, seated(site, table) as (host, guest):
        listed = looker.receive("lobbies")["data"]
        assert_documented(listed, LIST_HEADING)
        assert_documented(listed["lobbies"][0], CARD_HEADING)
        assert looker.ask("ping")["type"] == "pong"
        for caller in (host, guest):
            caller.ask("ready", is_ready=True)
        host.ask("chat", text="Hello")
        host.ask("ping")
        host.ask("start", id="start")
        guest.receive("started")
        guest.ask("ready", is_ready=True)  # too late: an error
        host.receive("started")
        assert host.ask("leave")["data"] == {"reason": "left"}
        received = [*looker.received, *host.received, *guest.received]
    described = {names(row[0])[0]: set(names(row[1])) for row in rows("### Server messages")}
    for frame in received:
        kind, data = frame["type"], frame["data"]
        assert frame.keys() <= {"type", "version", "data", "re"}
        if kind == "lobby":
            lobby = data
        else:
            assert data.keys() <= described[kind], kind
            if kind != "error":
                assert data.keys() == described[kind], kind
            lobby = data.get("lobby")
        if lobby:
            assert_documented(lobby, LOBBY_HEADING)
            for player in lobby["players"]:
                assert_documented(player, PLAYER_HEADING)
        for name, value in times(data):
            assert value is None or TIME.fullmatch(value), (kind, name, value)
    assert {frame["type"] for frame in received} >= {"welcome", "pong", "chat", "closed", "error"}


def test_started_follows_the_lobby_with_the_same_content(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "COUNTDOWN", timedelta(seconds=0.3))
    table = Table(2)
    with seated(site, table) as callers:
        for caller in callers:
            caller.ask("ready", is_ready=True)
        callers[0].ask("start")
        for caller in callers:
            caller.receive("started")
            lobby, started = caller.received[-2:]
            assert (lobby["type"], started["type"]) == ("lobby", "started")
            assert lobby["version"] == started["version"]
            assert lobby["data"] == started["data"]["lobby"]


def test_the_document_describes_a_ticket(site: Site) -> None:
    table = Table(1)
    access, _ = start_family(table.users[0], "tests")
    response = httpx.post(
        f"{site.url}/api/v1/game-sessions/{table.id}/ticket",
        headers={"Authorization": f"Bearer {access}"},
    )
    assert_documented(response.json(), TICKET_HEADING)
