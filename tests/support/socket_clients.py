"""Players of a lobby at their sockets, in the tests' own thread."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any
from uuid import UUID

import orjson
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from accounts.tokens import signing
from accounts.tokens.actions import start_family
from sessions_app.kernel.socket_address import SUBPROTOCOL
from sessions_app.tickets import tickets
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.processes import Serving
from tests.support.waiting import PATIENCE

Frame = dict[str, Any]


def token_of(user: User) -> signing.Token:
    """The access token of a new sign-in by the API."""
    return signing.read(start_family(user, "tests")[0], "access")


class Caller:
    """A socket, with what it has heard."""

    def __init__(self, site: "Site | Serving", path: str, **options: Any) -> None:
        url = f"{site.url.replace('http', 'ws')}{path}"
        options = {"subprotocols": [SUBPROTOCOL], "compression": None} | options
        self._connection = connect(url, ping_interval=None, **options)
        self.socket: ClientConnection = self._connection.__enter__()
        self.heard: list[Frame] = []
        self._ids = itertools.count(1)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def say(self, kind: str, *, id: str | None = None, **data: Any) -> str:  # noqa: A002
        """Send a message; answers its id."""
        message_id = id or f"{self.socket.id}-{next(self._ids)}"
        self.socket.send(orjson.dumps({"type": kind, "id": message_id, "data": data}).decode())
        return message_id

    def ask(self, kind: str, **data: Any) -> Frame:
        """Send a message, and hear its answer."""
        return self.hear(re=self.say(kind, **data))

    def hear(self, kind: str | None = None, *, re: str | None = None, **data: Any) -> Frame:
        """The next frame of a type, with an answer's id or such data; others are kept in `heard`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                frame = self.next(deadline - time.monotonic())
            except TimeoutError:
                pytest.fail(f"{kind} {re} {data} did not come; heard: {self.story}")
            facts = frame["data"] | {"version": frame["version"]}
            is_it = kind in (None, frame["type"]) and re in (None, frame.get("re"))
            if is_it and all(facts.get(name) == value for name, value in data.items()):
                return frame

    def next(self, timeout: float = PATIENCE) -> Frame:
        """The next frame. Raises TimeoutError and ConnectionClosed."""
        frame: Frame = orjson.loads(self.socket.recv(timeout=max(timeout, 0)))
        self.heard.append(frame)
        return frame

    def closed(self, within: float = PATIENCE) -> int | None:
        """The code by which the server closes the socket, whatever it says before."""
        deadline = time.monotonic() + within
        try:
            while True:
                self.next(deadline - time.monotonic())
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None
        except TimeoutError:
            pytest.fail(f"not closed; heard: {self.story}")

    def refused(self, within: float = PATIENCE) -> tuple[str, int | None]:
        """The code of the last word, and that of the close, which the last word has named."""
        code = self.closed(within)
        last = self.heard[-1]
        assert (last["type"], last["data"]["closes"]) == ("error", code), self.story
        assert last["data"]["detail"].endswith(".")
        return last["data"]["code"], code

    def until(self, holds: Callable[[Frame], bool]) -> Frame:
        """The first lobby, of those to come, of which something holds."""
        while not holds(frame := self.hear("lobby")):
            pass
        return frame

    @property
    def story(self) -> list[tuple[str, int, str | None]]:
        """What was heard last, in short."""
        return [(f["type"], f["version"], f.get("re")) for f in self.heard[-8:]]

    def silence(self, seconds: float = 0.2) -> list[Frame]:
        """What comes within a time: for what must not come."""
        heard: list[Frame] = []
        deadline = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(self.next(deadline - time.monotonic()))
        return heard


def path_of(session_id: UUID | str) -> str:
    return f"/ws/game-sessions/{session_id}"


def ticket_for(table: Table, n: int = 0) -> str:
    """A ticket for a player of a table."""
    return tickets.create_ticket(token_of(table.users[n]), table.id)


def sit_down(site: Site, table: Table, n: int = 0, **options: Any) -> Caller:
    """A player of a table, greeted and welcomed."""
    caller = Caller(site, path_of(table.id), **options)
    assert caller.ask("hello", ticket=ticket_for(table, n))["type"] == "welcome"
    return caller


@contextlib.contextmanager
def seated(site: Site, table: Table) -> Iterator[list[Caller]]:
    """All players of a table at their sockets, each of whom has seen the others come."""
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(sit_down(site, table, n)) for n in range(len(table.users))]
        version = table.version
        for caller in callers[:-1]:
            caller.hear("lobby", version=version)
        yield callers
