"""The edge: one WebSocket, from its first byte to its last. It parses, checks the pace, hands over, sends.

What is to be sent waits in an outbox of bounded length, so that nobody waits for a slow reader, and one
who does not read at all is dropped. See docs/decisions/0013-lobby.md for why these are no consumers of
Channels.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.http import parse_cookie
from django.http.request import validate_host

from config.kernel.errors import DomainError
from config.limits.client_addresses import client_address_of_scope
from config.limits.token_bucket import TokenBucket
from config.server.asgi import Receive, Scope, Send, read_header
from sessions_app.live import protocol, tickets
from sessions_app.live.hub import ANSWERING, AWAY
from sessions_app.live.protocol import SUBPROTOCOL, Close, Message, Unreadable
from sessions_app.live.tickets import Holder
from sessions_app.lobby import actions as lobby_actions

if TYPE_CHECKING:
    from sessions_app.live.hub import Hub
    from sessions_app.live.rooms import Room

LOST = 1006  # RFC 6455: it ended without a close
HELLO_SECONDS = 5.0
LONGEST_OUTBOX = 64  # frames; a lobby that waits is replaced by the next
MOST_BAD = 20  # frames in a row that are not of the protocol
MOST_HASTY = 50  # messages beyond the pace, less two for each that keeps to it
# What a player does to a lobby: the fields of the message are the arguments.
COMMANDS: dict[str, Callable[..., Any]] = {
    "ready": lobby_actions.ready,
    "tribe": lobby_actions.take_tribe,
    "leave": lobby_actions.leave,
    "start": lobby_actions.start,
    "kick": lobby_actions.kick,
    "settings": lobby_actions.change_settings,
}
# Codes of refusals, where it is neither in `protocol.LAST_WORDS` nor NO_SUCH_SESSION.
CLOSE_FOR = {"kicked": Close.REMOVED}


class Socket:
    """A WebSocket that was let in: its outbox, and when it was last heard."""

    is_seat = False

    def __init__(self, send: Send, address: str) -> None:
        self.id = uuid4()
        self.address = address
        self.heard_at = time.monotonic()
        self.is_leaving = False  # nothing more is sent
        self.is_dropped = False  # not even the reason
        self.asked = 0  # for a sign of life, since it was heard
        self.writing_since: float | None = None
        self._send = send
        self._outbox: deque[tuple[str, bool]] = deque()  # frames, and whether the next replaces it
        self._close: Close | int | None = None
        self._writer: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._bad = self._hasty = 0

    @property
    def pace(self) -> TokenBucket:
        """How fast the one behind this socket may talk."""
        raise NotImplementedError

    @property
    def version(self) -> int:
        """Of what this socket looks at."""
        return 0

    def push(self, frame: str, *, replaces: bool = False) -> None:
        """Send a frame as soon as the reader takes it. Waits for nothing."""
        if self.is_leaving:
            return
        if replaces and self._outbox and self._outbox[-1][1]:
            self._outbox.pop()
        self._outbox.append((frame, replaces))
        if len(self._outbox) > LONGEST_OUTBOX:
            self.drop()
        else:
            self._write()

    def show_out(self, frame: str | None, code: Close | int) -> None:
        """Send a last frame, then close."""
        if self.is_leaving:
            return
        if frame is not None:
            self._outbox.append((frame, False))
        self.is_leaving, self._close = True, code
        self._write()

    def refuse(self, code: str, re: str | None = None) -> None:
        """Say why, by a code of `protocol.LAST_WORDS`, and close."""
        self.show_out(*protocol.last_word(self.version, code, re))

    def drop(self) -> None:
        """Forget a client that does not read: it would not read the reason either."""
        if self.is_dropped:  # cut off once; what tidies up behind it is not cut off too
            return
        self.is_leaving = self.is_dropped = True
        self._outbox.clear()
        for task in (self._writer, self._task):
            if task:
                task.cancel()

    async def serve(self, work: Awaitable[None]) -> None:
        """Do the work of this socket until it ends, or the client is dropped."""
        self._task = asyncio.current_task()
        try:
            await work
        except asyncio.CancelledError:
            if not self.is_dropped:
                raise
        finally:
            self._task = None

    async def frames(self, receive: Receive) -> int:
        """Read and do what comes, until the client is gone; answers the code of its end."""
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return int(event.get("code") or LOST)
            self.heard_at, self.asked = time.monotonic(), 0
            if not self.is_leaving:
                await self.take(event.get("text"))

    async def take(self, text: str | None) -> None:
        """Read a frame, and do what it says. Binary ones are None."""
        try:
            message: Message | Unreadable = protocol.read(text)
        except Unreadable as fault:
            message = fault
        re = message.re if isinstance(message, Unreadable) else message.id
        if not self.pace.allows(time.monotonic()):
            self.slow_down(re)
        elif isinstance(message, Unreadable):
            self._bad += 1
            closes = Close.BAD_PROTOCOL if self._bad >= MOST_BAD else None
            self._complain(message.code, message.detail, re, closes)
        else:
            self._bad, self._hasty = 0, max(0, self._hasty - 2)
            await self.do(message)

    def slow_down(self, re: str | None) -> None:
        """Refuse what comes too fast, and in the end whoever sends it."""
        self._hasty += 1
        closes = Close.TOO_MUCH if self._hasty >= MOST_HASTY else None
        self._complain("rate_limited", "Ten messages a second at the most.", re, closes)

    async def do(self, message: Message) -> None:
        """Do what a message says."""
        raise NotImplementedError

    def pong(self, message: Message | None = None) -> None:
        """Answer a `ping` by which version is current; without one, ask for a sign of life."""
        self.push(protocol.pong(self.version, time.time(), message))

    def _complain(self, code: str, detail: str, re: str | None, closes: Close | None) -> None:
        frame = protocol.error(self.version, code, detail, re, closes=closes)
        if closes is None:
            self.push(frame)
        else:
            self.show_out(frame, closes)

    def _write(self) -> None:
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while self._outbox:
                frame, _ = self._outbox.popleft()
                self.writing_since = time.monotonic()
                await self._send({"type": "websocket.send", "text": frame})
            if self._close is not None:
                reason = self._close.name.lower() if isinstance(self._close, Close) else ""
                await self._send(
                    {"type": "websocket.close", "code": int(self._close), "reason": reason}
                )
        except (OSError, RuntimeError):
            self.is_leaving = True  # it is gone; reading finds that too
        finally:
            self._writer = self.writing_since = None


class SeatSocket(Socket):
    """The socket of a seated player."""

    is_seat = True

    def __init__(self, hub: "Hub", send: Send, address: str, session_id: UUID) -> None:
        super().__init__(send, address)
        self.hub, self.session_id = hub, session_id
        self.holder: Holder | None = None
        self.room: Room | None = None
        self.sent_version = -1

    @property
    def pace(self) -> TokenBucket:
        """Of the player, whatever the socket."""
        return self.hub.visitor(self.player_id).pace

    @property
    def player_id(self) -> UUID:
        """Whose socket it is. Only once it is known."""
        assert self.holder
        return self.holder.player_id

    @property
    def version(self) -> int:
        """Of the lobby."""
        return self.room.version if self.room else 0

    def push_lobby(self, frame: str, version: int, *, even_again: bool = False) -> None:
        """Send the lobby, unless this version was sent."""
        if version > self.sent_version or even_again:
            self.sent_version = max(version, self.sent_version)
            self.push(frame, replaces=not even_again)

    async def attend(self, scope: Scope, receive: Receive) -> None:
        """The whole life of the socket, from `hello` on."""
        code = LOST
        try:
            first = await self.first_event(receive)
            if first is not None and first["type"] == "websocket.disconnect":
                return  # nothing else ever comes: to wait for more would keep its place for half a minute
            if await self.say_hello(scope, first):
                code = await self.frames(receive)
            else:
                await self.end_of(receive)
        finally:
            await self.hub.leave(self, keep=code == Close.RESTARTING)

    async def first_event(self, receive: Receive) -> Mapping[str, Any] | None:
        """What comes first, if it comes in time."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                return await receive()
        except TimeoutError:
            return None

    async def say_hello(self, scope: Scope, event: Mapping[str, Any] | None) -> bool:
        """Find out who it is, and take the seat; otherwise close, with the reason."""
        if event is None:
            self.refuse("silent")
            return False
        try:
            message = protocol.read(event.get("text"))
            if message.type != "hello":
                raise Unreadable("hello_first", "The first message is hello.", message.id)
        except Unreadable as fault:
            self._complain(fault.code, fault.detail, fault.re, Close.BAD_PROTOCOL)
            return False
        try:
            ticket = message.data.get("ticket")
            self.holder = await self.identify(scope, ticket)
            if self.holder is None:
                self.refuse("not_signed_in" if ticket is None else "bad_ticket", message.id)
                return False
            await self.hub.enter(self, message.id)
        except DomainError as refusal:
            known, _ = protocol.LAST_WORDS.get(refusal.code, (Close.NO_SUCH_SESSION, ""))
            closes = CLOSE_FOR.get(refusal.code, known)
            self._complain(refusal.code, refusal.detail, message.id, closes)
            return False
        except AWAY:
            self.refuse("unavailable", message.id)
            return False
        return True

    async def identify(self, scope: Scope, ticket: str | None) -> Holder | None:
        """Who it is: by ticket, or on a page of ours by its cookie. Raises what AWAY names."""
        if ticket is not None:
            await self.hub.sign_ins.note_emptied()
            return await tickets.redeem(self.hub.redis, ticket, self.session_id)
        key = parse_cookie(read_header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME)
        if key is None or not is_own_origin(scope):
            return None
        return await self.hub.ask_django(tickets.holder_of_page, key)

    async def do(self, message: Message) -> None:
        """Do what a message says, and answer it."""
        assert self.room
        visitor = self.hub.visitor(self.player_id)
        if message.type == "hello":
            self.welcome(message.id, known=message.data.get("version"))
        elif message.type == "ping":
            self.pong(message)
        elif visitor.has_done(self.session_id, message):
            self._answer(message.id)
        elif message.type == "chat":
            self.hub.chat(self, message.data["text"], message.id)
        else:
            is_done = False
            try:
                is_done = await self._command(message)
            finally:  # also where the socket is dropped meanwhile
                if not is_done:
                    visitor.forget(self.session_id, message)  # sent again, it is tried again

    def welcome(self, re: str | None, *, known: int | None = None) -> None:
        """Tell who the client is, and the whole lobby unless it has that."""
        assert self.room
        lobby = None if known == self.room.version else self.room.document
        data = {"player_id": self.player_id, "time": time.time(), "lobby": lobby}
        frame = self.room.write("welcome", data, re)
        self.push_lobby(frame, self.room.version, even_again=True)

    async def _command(self, message: Message) -> bool:
        ANSWERING.set((self, message.id))
        try:
            await self.hub.do(
                COMMANDS[message.type], self.session_id, self.player_id, **message.data
            )
        except DomainError as refusal:
            self.push(protocol.error(self.version, refusal.code, refusal.detail, message.id))
            return False
        except AWAY:
            words = "This is not possible right now. Try again in a moment."
            self.push(protocol.error(self.version, "unavailable", words, message.id))
            return False
        finally:
            ANSWERING.set((None, None))
        self._answer(message.id)
        return True

    def _answer(self, re: str | None) -> None:
        assert self.room
        self.push_lobby(self.room.lobby(re), self.room.version, even_again=True)

    async def end_of(self, receive: Receive) -> None:
        """Wait until a socket that was shown out is gone; what it still says is not read."""
        while (await receive())["type"] != "websocket.disconnect":
            pass


async def serve_seat(
    hub: "Hub", session_id: UUID, scope: Scope, receive: Receive, send: Send
) -> None:
    """The ASGI application at `/ws/game-sessions/{session_id}`."""
    socket = SeatSocket(hub, send, client_address_of_scope(scope), session_id)
    try:
        if await let_in(hub, socket, scope, receive, send):
            await socket.serve(socket.attend(scope, receive))
    finally:
        hub.dismiss(socket)


async def let_in(hub: "Hub", socket: Socket, scope: Scope, receive: Receive, send: Send) -> bool:
    """Accept a socket that speaks our protocol, while there is room; otherwise close it."""
    await receive()
    if SUBPROTOCOL not in scope["subprotocols"]:
        # A browser reads the code only where one of the subprotocols that it offered was chosen.
        await refuse(send, "bad_subprotocol", next(iter(scope["subprotocols"]), None))
    elif not socket.is_seat and is_foreign(scope):  # seats are by ticket, wherever it was fetched
        await refuse(send, "foreign_origin", SUBPROTOCOL)
    elif not hub.admit(socket):
        await refuse(send, "too_many_sockets", SUBPROTOCOL)
    else:
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        return True
    return False


async def refuse(send: Send, code: str, subprotocol: str | None = None) -> None:
    """Close a socket at once. Accepted first: only then can a browser read why."""
    frame, close = protocol.last_word(0, code)
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.send", "text": frame})
    await send({"type": "websocket.close", "code": int(close), "reason": close.name.lower()})


def is_foreign(scope: Scope) -> bool:
    """Whether a page of another site opened the socket. Programs send no origin."""
    return bool(read_header(scope, b"origin")) and not is_own_origin(scope)


def is_own_origin(scope: Scope) -> bool:
    """Whether a page of ours opened the socket: only then does its cookie count."""
    try:
        origin, host = urlsplit(read_header(scope, b"origin")), read_header(scope, b"host")
    except ValueError:  # it is no address
        return False
    schemes = ("https",) if settings.PRODUCTION else ("http", "https")
    bare_host = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    allowed = validate_host(bare_host.lower(), settings.ALLOWED_HOSTS)
    return origin.scheme in schemes and origin.netloc.lower() == host.lower() and allowed
