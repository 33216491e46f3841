"""The consumers of Channels: for seats, for the list of lobbies, and for other paths.

A consumer only reads. Messages are sent through the outbox of its `Socket`, because a consumer's own `send`
waits for the client to read. It has no channel: the hub has one for all sockets of the process.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from config.kernel.errors import DomainError
from config.limits.client_addresses import client_address_of_scope
from config.limits.token_bucket import TokenBucket
from config.server.asgi import Receive, Scope, Send
from sessions_app.kernel import protocol
from sessions_app.kernel.protocol import Close, InvalidMessage, Message
from sessions_app.kernel.socket_address import SUBPROTOCOL
from sessions_app.live.database import UNAVAILABLE_ERRORS
from sessions_app.live.handshake import has_foreign_origin, send_refusal
from sessions_app.live.hub import Hub
from sessions_app.live.identification import IS_ADDRESS_LIMITED, find_holder
from sessions_app.live.rooms import SeatSocket, current_command
from sessions_app.live.sockets import MESSAGES_PER_SECOND, Socket, message_bucket
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby_list.feed import ListFeed

ABNORMAL_CLOSURE = 1006  # RFC 6455: the connection ended without a close frame
HELLO_SECONDS = 5.0
MAX_BAD_FRAMES = 20  # in a row
# Messages beyond the rate limit, after which the socket is closed. One a second is forgiven, so that a client
# that goes on too fast is closed in the end, whatever its speed.
MAX_EXCESS_MESSAGES, FORGIVEN_PER_SECOND = 50, 1.0
MAX_WAITING_MESSAGES = 20  # of a socket, while a command waits for a lock
# The action of each command. The fields of a message are its keyword arguments.
COMMANDS: dict[str, Callable[..., Any]] = {
    "ready": lobby_actions.set_ready,
    "tribe": lobby_actions.choose_tribe,
    "leave": lobby_actions.leave,
    "start": lobby_actions.start,
    "kick": lobby_actions.kick,
    "settings": lobby_actions.change_settings,
}
# Close codes for errors of lobby rules; NO_SUCH_SESSION for others.
RULE_CLOSES = {"kicked": Close.REMOVED}


class RefusingConsumer(AsyncConsumer):  # type: ignore[misc]  # has no types
    """Refuses a WebSocket with one of `protocol.FINAL_ERRORS`; by default an unknown path."""

    channel_layer_alias = "none"
    code = "not_found"

    async def websocket_connect(self, event: Mapping[str, Any]) -> None:
        """Refuses the socket."""
        await send_refusal(self.scope, self.send, self.code)
        raise StopConsumer


class SocketConsumer(AsyncConsumer):  # type: ignore[misc]
    """Accepts a WebSocket within the limits, limits the rate of its messages, and parses them."""

    channel_layer_alias = "none"
    socket: Socket

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.close_code = ABNORMAL_CLOSURE
        self.bad_frames = 0
        self.excess: TokenBucket | None = None  # made at the first excess message

    def create_socket(self, send: Send, address: str) -> Socket:
        """Returns the sending side of the WebSocket."""
        raise NotImplementedError

    @property
    def bucket(self) -> TokenBucket:
        """The bucket that limits the rate of messages."""
        raise NotImplementedError

    async def on_accept(self) -> None:
        """Called when the socket was accepted."""

    async def handle(self, message: Message) -> None:
        """Handles a valid message."""
        raise NotImplementedError

    async def receive_message(self, message: Message) -> None:
        """Handles a valid message, now or after those before it."""
        await self.handle(message)

    async def on_end(self) -> None:
        """Called when the socket is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the socket until the connection is closed."""
        self.scope = scope
        self.socket = self.create_socket(send, client_address_of_scope(scope))
        try:
            await self.socket.run(super().__call__(scope, receive, send))
        finally:
            try:
                await self.on_end()
            finally:
                self.hub.socket_slots.release(self.socket)

    async def dispatch(self, event: Mapping[str, Any]) -> None:
        """Calls the handler of an event. Channels' own method also closes old connections, in a thread."""
        await getattr(self, event["type"].replace(".", "_"))(event)

    async def websocket_connect(self, event: Mapping[str, Any]) -> None:
        """Accepts or refuses the socket."""
        refusal = self.find_refusal()
        if refusal:
            await send_refusal(self.scope, self.send, refusal)
        else:
            await self.send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await self.on_accept()
            return
        raise StopConsumer

    def find_refusal(self) -> str | None:
        """Returns the code of a final error for a socket that is not accepted. Takes a slot otherwise."""
        is_seat = self.socket.is_seat  # tickets and resume tokens protect seats
        if SUBPROTOCOL not in self.scope["subprotocols"]:
            return "bad_subprotocol"
        if not is_seat and has_foreign_origin(self.scope):
            return "foreign_origin"
        is_limited = not is_seat and self.scope.get(IS_ADDRESS_LIMITED)
        if is_limited or not self.hub.socket_slots.acquire(self.socket):
            return "too_many_sockets"
        return None

    async def websocket_receive(self, event: Mapping[str, Any]) -> None:
        """Reads a frame. Frames after a refusal are ignored."""
        self.socket.received_at, self.socket.ping_requests_sent = time.monotonic(), 0
        if not self.socket.is_closing:
            await self.read_frame(event.get("text"))

    async def websocket_disconnect(self, event: Mapping[str, Any]) -> None:
        """Stops."""
        self.close_code = int(event.get("code") or ABNORMAL_CLOSURE)
        raise StopConsumer

    async def read_frame(self, text: str | None) -> None:
        """Parses a frame, and handles the message in it."""
        try:
            message: Message | InvalidMessage = protocol.parse(text)
        except InvalidMessage as error:
            message = error
        re = message.re if isinstance(message, InvalidMessage) else message.id
        if not self.bucket.take(time.monotonic()):
            closes = None if self.forgives_excess() else Close.TOO_MUCH
            detail = f"At most {MESSAGES_PER_SECOND:.0f} messages a second."
            self.socket.push_error("rate_limited", detail, re, closes)
        elif isinstance(message, InvalidMessage):
            self.bad_frames += 1
            closes = Close.BAD_PROTOCOL if self.bad_frames >= MAX_BAD_FRAMES else None
            self.socket.push_error(message.code, message.detail, re, closes)
        else:
            self.bad_frames = 0
            await self.receive_message(message)

    def forgives_excess(self) -> bool:
        """Returns whether one more message beyond the rate limit is forgiven."""
        now = time.monotonic()
        if self.excess is None:
            self.excess = TokenBucket(
                per_second=FORGIVEN_PER_SECOND, burst=MAX_EXCESS_MESSAGES - 1, now=now
            )
        return self.excess.take(now)


class SeatConsumer(SocketConsumer):
    """Serves `/ws/game-sessions/{session_id}`. The first message identifies the client."""

    socket: SeatSocket
    hello_timer: asyncio.TimerHandle | None = None
    worker: "asyncio.Task[None] | None" = None  # handles the messages that wait

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.waiting: deque[Message] = deque()

    def create_socket(self, send: Send, address: str) -> SeatSocket:
        """Returns the socket of a seat."""
        return SeatSocket(send, address, self.scope["url_route"]["kwargs"]["session_id"])

    @property
    def bucket(self) -> TokenBucket:
        """The bucket of the player, shared by all sockets of the player."""
        return self.hub.connected_player(self.socket.player_id).bucket

    async def on_accept(self) -> None:
        """Starts the timeout of `hello`."""
        loop = asyncio.get_running_loop()
        self.hello_timer = loop.call_later(HELLO_SECONDS, self.socket.refuse, "silent")

    async def on_end(self) -> None:
        """Leaves the room, after the messages that were received before."""
        if self.hello_timer:
            self.hello_timer.cancel()
        if self.worker:
            if self.socket.is_dropped:
                self.worker.cancel()
            await asyncio.wait([self.worker])
        await self.hub.leave(self.socket, is_server_stopping=self.close_code == Close.RESTARTING)

    async def read_frame(self, text: str | None) -> None:
        """Reads `hello`, then the other messages."""
        if self.hello_timer:
            self.hello_timer.cancel()
            self.hello_timer = None
            await self.read_hello(text)
        else:
            await super().read_frame(text)
            if self.socket.has_replaced_token:
                self.hub.spawn(self.hub.confirm_resume_token(self.socket))

    async def read_hello(self, text: str | None) -> None:
        """Identifies the client and assigns the seat to its socket, or closes the socket."""
        socket, re = self.socket, None
        try:
            message = protocol.parse(text)
            re = message.id
            if message.type != "hello":
                raise InvalidMessage("hello_first", "The first message is hello.", re)
            ticket = message.data.get("ticket")
            holder = await find_holder(
                self.hub,
                self.scope,
                self.socket.game_id,
                resume=message.data.get("resume"),
                ticket=ticket,
            )
            if holder is None:
                socket.refuse("not_signed_in" if ticket is None else "bad_ticket", re)
                return
            socket.holder = holder
            is_resumed = holder.resumed_by is not None
            if self.hub.socket_slots.admit(socket, is_resumed=is_resumed):
                await self.hub.enter(socket, re)
            else:
                socket.refuse("too_many_sockets", re)
        except InvalidMessage as error:
            socket.push_error(error.code, error.detail, error.re, Close.BAD_PROTOCOL)
        except DomainError as error:
            if error.code == "left":  # the response was lost
                frame = protocol.message_frame("closed", 0, {"reason": "left"}, re)
                socket.close(frame, Close.NO_SUCH_SESSION)
                return
            close, _ = protocol.FINAL_ERRORS.get(error.code, (Close.NO_SUCH_SESSION, ""))
            close = RULE_CLOSES.get(error.code, close)
            socket.push_error(error.code, error.detail, re, close)
        except UNAVAILABLE_ERRORS:
            socket.refuse("unavailable", re)

    async def receive_message(self, message: Message) -> None:
        """Handles a `ping` at once. Other messages wait for the commands before them."""
        if message.type == "ping" or (self.worker is None and message.type not in COMMANDS):
            await self.handle(message)
        elif len(self.waiting) >= MAX_WAITING_MESSAGES:
            detail = "Earlier messages are still being handled. Try again in a moment."
            self.socket.push_error("rate_limited", detail, message.id)
        else:
            self.waiting.append(message)
            if self.worker is None:
                self.worker = self.hub.spawn(self.handle_waiting())

    async def handle_waiting(self) -> None:
        """Handles the messages that wait, one after the other."""
        try:
            while self.waiting and not self.socket.is_closing:
                await self.handle(self.waiting.popleft())
        except Exception:
            self.socket.refuse("unavailable")
            raise
        finally:
            self.worker = None

    async def handle(self, message: Message) -> None:
        """Handles a message, and responds."""
        socket, player = self.socket, self.hub.connected_player(self.socket.player_id)
        if message.type == "hello":
            socket.push_welcome(message.id, known_version=message.data.get("version"))
        elif message.type == "ping":
            socket.push_pong(message)
        elif player.mark_handled(socket.game_id, message):
            socket.push_lobby_response(message.id)
        elif message.type == "chat":
            self.hub.send_chat(socket, message.data["text"], message.id)
        else:
            is_done = False
            try:
                is_done = await self.run_command(message)
            finally:  # also if the socket is dropped meanwhile
                if not is_done:
                    player.unmark_handled(socket.game_id, message)  # the client may send it again

    async def run_command(self, message: Message) -> bool:
        """Runs the action of a message, and responds. Returns whether it succeeded."""
        socket = self.socket
        current_command.set((socket, message.id))
        try:
            await self.hub.database.run(
                COMMANDS[message.type], socket.game_id, socket.player_id, **message.data
            )
        except DomainError as error:
            socket.push_error(error.code, error.detail, message.id)
            return False
        except UNAVAILABLE_ERRORS:
            detail = "This is not possible right now. Try again in a moment."
            socket.push_error("unavailable", detail, message.id)
            return False
        finally:
            current_command.set((None, None))
        socket.push_lobby_response(message.id)
        return True


class ListSocket(Socket):
    """The socket of a client of the list."""

    def __init__(self, feed: ListFeed, send: Send, address: str) -> None:
        super().__init__(send, address)
        self.feed = feed

    @property
    def shown_version(self) -> int:
        """The version of the list."""
        return self.feed.version


class ListConsumer(SocketConsumer):
    """Serves `/ws/lobbies`, where a client may send `hello` and `ping`."""

    def __init__(self, feed: ListFeed) -> None:
        super().__init__(feed.hub)
        self.feed, self._bucket = feed, message_bucket()

    def create_socket(self, send: Send, address: str) -> ListSocket:
        """Returns the socket of the list."""
        return ListSocket(self.feed, send, address)

    @property
    def bucket(self) -> TokenBucket:
        """The bucket of this socket, because its player is not known."""
        return self._bucket

    async def on_accept(self) -> None:
        """Sends the list."""
        await self.feed.add(self.socket)

    async def on_end(self) -> None:
        """Removes the socket from the feed."""
        self.feed.remove(self.socket)

    async def handle(self, message: Message) -> None:
        """Responds to `hello` and `ping`."""
        if message.type == "ping":
            self.socket.push_pong(message)
        elif message.type == "hello":
            self.socket.push(self.feed.snapshot_frame(message.id))
        else:
            detail = "This socket only sends the list."
            self.socket.push_error("unknown_type", detail, message.id)
