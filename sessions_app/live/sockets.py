"""The two kinds of sockets: of a player with a seat, and of anybody who watches the list.

These are not consumers of Channels; docs/decisions/0013-lobby.md has the reasons.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import parse_cookie

from config.kernel.errors import DomainError
from config.limits.client_addresses import client_address_of_scope
from config.limits.token_bucket import TokenBucket
from config.server.asgi import Receive, Scope, Send, read_header
from sessions_app.live import handshake, protocol, tickets
from sessions_app.live.base_socket import ABNORMAL_CLOSURE, MessageReader, Socket, message_bucket
from sessions_app.live.hub import UNAVAILABLE_ERRORS, Hub
from sessions_app.live.list_feed import ListFeed
from sessions_app.live.protocol import Close, InvalidMessage, Message
from sessions_app.live.rooms import SeatSocket, current_command
from sessions_app.live.tickets import Holder
from sessions_app.lobby import actions as lobby_actions

HELLO_SECONDS = 5.0
# The actions of messages. The fields of a message are their keyword arguments.
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


async def serve_seat(hub: Hub, game_id: UUID, scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application at `/ws/game-sessions/{session_id}`."""
    socket = SeatSocket(send, client_address_of_scope(scope), game_id)
    try:
        if await handshake.accept(hub, socket, scope, receive, send):
            await socket.run(_serve_seat(hub, socket, scope, receive))
    finally:
        hub.release(socket)


async def _serve_seat(hub: Hub, socket: SeatSocket, scope: Scope, receive: Receive) -> None:
    close_code = ABNORMAL_CLOSURE
    try:
        first = await _first_event(receive)
        if first is not None and first["type"] == "websocket.disconnect":
            return  # no other event follows, and waiting for one would keep the socket's place
        if await _say_hello(hub, socket, scope, first):
            close_code = await SeatReader(hub, socket).read(receive)
        else:
            while (await receive())["type"] != "websocket.disconnect":
                pass  # what a client sends after it was refused is ignored
    finally:
        await hub.leave(socket, keeps_seat=close_code == Close.RESTARTING)


async def _first_event(receive: Receive) -> Mapping[str, Any] | None:
    """Returns the first event, or None where it does not come in time."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            return await receive()
    except TimeoutError:
        return None


async def _say_hello(
    hub: Hub, socket: SeatSocket, scope: Scope, event: Mapping[str, Any] | None
) -> bool:
    """Identifies the client and gives it the seat. Otherwise closes the socket, and returns False."""
    if event is None:
        socket.refuse("silent")
        return False
    try:
        message = protocol.parse(event.get("text"))
        if message.type != "hello":
            raise InvalidMessage("hello_first", "The first message is hello.", message.id)
    except InvalidMessage as error:
        socket.push_error(error.code, error.detail, error.re, Close.BAD_PROTOCOL)
        return False
    try:
        ticket = message.data.get("ticket")
        socket.holder = await _identify(hub, socket, scope, ticket)
        if socket.holder is None:
            socket.refuse("not_signed_in" if ticket is None else "bad_ticket", message.id)
            return False
        await hub.enter(socket, message.id)
    except DomainError as error:
        close, _ = protocol.FINAL_ERRORS.get(error.code, (Close.NO_SUCH_SESSION, ""))
        close = RULE_CLOSES.get(error.code, close)
        socket.push_error(error.code, error.detail, message.id, close)
        return False
    except UNAVAILABLE_ERRORS:
        socket.refuse("unavailable", message.id)
        return False
    return True


async def _identify(
    hub: Hub, socket: SeatSocket, scope: Scope, ticket: str | None
) -> Holder | None:
    """Returns the holder of a ticket; without one, the player who is signed in on a page of this site.

    Raises UNAVAILABLE_ERRORS.
    """
    if ticket is not None:
        await hub.sign_ins.detect_emptied_redis()
        return await tickets.redeem_ticket(hub.redis, ticket, socket.game_id)
    session_key = parse_cookie(read_header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME)
    if session_key is None or not handshake.has_own_origin(scope):
        return None
    return await hub.run_in_django(tickets.find_page_holder, session_key)


class SeatReader(MessageReader):
    """Handles the messages of a player with a seat."""

    def __init__(self, hub: Hub, socket: SeatSocket) -> None:
        super().__init__(socket)
        self.hub, self.socket = hub, socket

    @property
    def bucket(self) -> TokenBucket:
        """The bucket of the player, shared by all sockets of the player."""
        return self.hub.connected_player(self.socket.player_id).bucket

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
                is_done = await self._run_command(message)
            finally:  # also where the socket is dropped meanwhile
                if not is_done:
                    player.forget(socket.game_id, message)  # so that the client may repeat it

    async def _run_command(self, message: Message) -> bool:
        socket = self.socket
        current_command.set((socket, message.id))
        try:
            await self.hub.run(
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
    """The socket of somebody who watches the list."""

    def __init__(self, feed: ListFeed, send: Send, address: str) -> None:
        super().__init__(send, address)
        self.feed = feed

    @property
    def version(self) -> int:
        """The version of the list."""
        return self.feed.version


class ListReader(MessageReader):
    """Handles the messages of a list socket, which may ask for the list and send pings."""

    def __init__(self, socket: ListSocket) -> None:
        super().__init__(socket)
        self.socket, self._bucket = socket, message_bucket()

    @property
    def bucket(self) -> TokenBucket:
        """The bucket of this socket: its player is not known."""
        return self._bucket

    async def handle(self, message: Message) -> None:
        """Responds to `hello` and `ping`."""
        if message.type == "ping":
            self.socket.push_pong(message)
        elif message.type == "hello":
            self.socket.push(self.socket.feed.write_snapshot(message.id))
        else:
            detail = "This socket only sends the list."
            self.socket.push_error("unknown_type", detail, message.id)


async def serve_list(feed: ListFeed, scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application at `/ws/lobbies`."""
    socket = ListSocket(feed, send, client_address_of_scope(scope))
    try:
        if await handshake.accept(feed.hub, socket, scope, receive, send):
            await socket.run(_serve_list(feed, socket, receive))
    finally:
        feed.hub.release(socket)


async def _serve_list(feed: ListFeed, socket: ListSocket, receive: Receive) -> None:
    try:
        await feed.add(socket)
        await ListReader(socket).read(receive)
    finally:
        feed.remove(socket)
