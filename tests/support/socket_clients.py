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
from tests.support.processes import ServeProcess
from tests.support.waiting import TIMEOUT

Frame = dict[str, Any]


def token_of(user: User) -> signing.Token:
    """The access token of a new sign-in by the API."""
    return signing.read(start_family(user, "tests")[0], "access")


class Caller:
    """A socket, and the frames that it has received."""

    def __init__(self, site: "Site | ServeProcess", path: str, **options: Any) -> None:
        url = f"{site.url.replace('http', 'ws')}{path}"
        options = {"subprotocols": [SUBPROTOCOL], "compression": None} | options
        self._connection = connect(url, ping_interval=None, **options)
        self.socket: ClientConnection = self._connection.__enter__()
        self.received: list[Frame] = []
        self._ids = itertools.count(1)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def send(self, kind: str, *, id: str | None = None, **data: Any) -> str:  # noqa: A002
        """Sends a message and returns its id."""
        message_id = id or f"{self.socket.id}-{next(self._ids)}"
        self.socket.send(orjson.dumps({"type": kind, "id": message_id, "data": data}).decode())
        return message_id

    def ask(self, kind: str, **data: Any) -> Frame:
        """Sends a message and returns its reply."""
        return self.receive(re=self.send(kind, **data))

    def receive(self, kind: str | None = None, *, re: str | None = None, **data: Any) -> Frame:
        """Returns the next frame of a type, to a message id or with such data. All are in `received`."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                frame = self.next(deadline - time.monotonic())
            except TimeoutError:
                pytest.fail(f"{kind} {re} {data} did not come; received: {self.last_frames}")
            facts = frame["data"] | {"version": frame["version"]}
            is_it = kind in (None, frame["type"]) and re in (None, frame.get("re"))
            if is_it and all(facts.get(name) == value for name, value in data.items()):
                return frame

    def next(self, timeout: float = TIMEOUT) -> Frame:
        """The next frame. Raises TimeoutError and ConnectionClosed."""
        frame: Frame = orjson.loads(self.socket.recv(timeout=max(timeout, 0)))
        self.received.append(frame)
        return frame

    def closed(self, within: float = TIMEOUT) -> int | None:
        """Returns the close code of the server, after any frames."""
        deadline = time.monotonic() + within
        try:
            while True:
                self.next(deadline - time.monotonic())
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else None
        except TimeoutError:
            pytest.fail(f"not closed; received: {self.last_frames}")

    def refused(self, within: float = TIMEOUT) -> tuple[str, int | None]:
        """Returns the code of the last frame, an error, and the close code that it named."""
        code = self.closed(within)
        last = self.received[-1]
        assert (last["type"], last["data"]["closes"]) == ("error", code), self.last_frames
        assert last["data"]["detail"].endswith(".")
        return last["data"]["code"], code

    def until(self, holds: Callable[[Frame], bool]) -> Frame:
        """Returns the next lobby for which a condition holds."""
        while not holds(frame := self.receive("lobby")):
            pass
        return frame

    @property
    def last_frames(self) -> list[tuple[str, int, str | None]]:
        """The last frames, in short."""
        return [(f["type"], f["version"], f.get("re")) for f in self.received[-8:]]

    def frames_within(self, seconds: float = 0.2) -> list[Frame]:
        """Returns the frames of a period: to check that something is not sent."""
        received: list[Frame] = []
        deadline = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                received.append(self.next(deadline - time.monotonic()))
        return received


def path_of(session_id: UUID | str) -> str:
    return f"/ws/game-sessions/{session_id}"


def ticket_for(table: Table, n: int = 0) -> str:
    """A ticket for a player of a table."""
    return tickets.create_ticket(token_of(table.users[n]), table.id)


def take_seat_by_socket(site: Site, table: Table, n: int = 0, **options: Any) -> Caller:
    """Connects a player of a lobby and waits for the welcome."""
    caller = Caller(site, path_of(table.id), **options)
    assert caller.ask("hello", ticket=ticket_for(table, n))["type"] == "welcome"
    return caller


@contextlib.contextmanager
def seated(site: Site, table: Table) -> Iterator[list[Caller]]:
    """Connects all players of a lobby, and waits until each has seen the others."""
    with contextlib.ExitStack() as stack:
        callers = [
            stack.enter_context(take_seat_by_socket(site, table, n))
            for n in range(len(table.users))
        ]
        version = table.version
        for caller in callers[:-1]:
            caller.receive("lobby", version=version)
        yield callers
