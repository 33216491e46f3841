"""The data of a game and its players in a process with sockets of theirs."""

import asyncio
import contextvars
import hashlib
import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from config.kernel.timestamps import to_json
from config.server.asgi import Send
from sessions_app.kernel import protocol
from sessions_app.kernel.protocol import Message, ServerMessage
from sessions_app.live.sockets import Socket, message_bucket
from sessions_app.live.updates import LobbyUpdate
from sessions_app.tickets.tickets import Holder

MAX_HANDLED_MESSAGES = 32  # of one player
# The socket whose command this task runs, and the id of the message.
current_command: contextvars.ContextVar["tuple[SeatSocket | None, str | None]"] = (
    contextvars.ContextVar("current_command", default=(None, None))
)


class Room:
    """The sockets of one game in this process, and the newest update of the game."""

    def __init__(self, game_id: UUID) -> None:
        self.game_id = game_id
        self.update: LobbyUpdate | None = None
        self.sockets: dict[UUID, SeatSocket] = {}
        self.entering = 0  # sockets that are about to be added; the room must stay open for them
        self.sent_at = 0.0
        self.send_timer: asyncio.TimerHandle | None = None
        self.countdown_timer: asyncio.TimerHandle | None = None
        self.had_chat = False  # since the last sweep
        self.is_subscribed = False  # to the updates of other processes

    @property
    def version(self) -> int:
        """The version of the newest update; 0 before the first."""
        return self.update.version if self.update else 0

    @property
    def document(self) -> "orjson.Fragment":
        """The lobby's document, as encoded JSON."""
        assert self.update
        return orjson.Fragment(self.update.document)

    def message_frame(self, kind: ServerMessage, data: Any, re: str | None = None) -> str:
        """Returns a frame with the version of the room."""
        return protocol.message_frame(kind, self.version, data, re)

    def lobby_frame(self, re: str | None = None) -> str:
        """Returns the `lobby` message."""
        return self.message_frame("lobby", self.document, re)

    def broadcast(self, frame: str) -> None:
        """Sends a frame to all sockets."""
        for socket in self.sockets.values():
            socket.push(frame)

    def cancel_timers(self) -> None:
        """Cancels all timers of the room."""
        for timer in (self.send_timer, self.countdown_timer):
            if timer:
                timer.cancel()


class SeatSocket(Socket):
    """The socket of a player with a seat. `holder` and `room` are set once the client is identified.

    `resume` is the token with which the client may resume the seat. While `has_replaced_token` is true, the
    one before is valid, too.
    """

    is_seat = True
    resume = ""
    has_replaced_token = False

    def __init__(self, send: Send, address: str, game_id: UUID) -> None:
        super().__init__(send, address)
        self.game_id = game_id
        self.holder: Holder | None = None
        self.room: Room | None = None
        self.sent_version = -1

    @property
    def player_id(self) -> UUID:
        """The player. Only valid once the client is identified."""
        assert self.holder
        return self.holder.player_id

    @property
    def shown_version(self) -> int:
        """The version of the lobby."""
        return self.room.version if self.room else 0

    def push_update(self, frame: str, version: int) -> None:
        """Sends a `lobby` message, unless this or a newer version was sent."""
        if version > self.sent_version:
            self.sent_version = version
            self.push(frame, replaceable=True)

    def push_lobby_response(self, re: str | None) -> None:
        """Responds to a message with the lobby."""
        assert self.room
        self._push_response(self.room.lobby_frame(re))

    def push_welcome(self, re: str | None, *, known_version: int | None = None) -> None:
        """Responds to `hello`. Omits the lobby if the client has its current version."""
        assert self.room
        lobby = None if known_version == self.room.version else self.room.document
        data = {
            "player_id": self.player_id,
            "time": to_json(datetime.now(UTC)),
            "lobby": lobby,
            "resume": self.resume,
        }
        self._push_response(self.room.message_frame("welcome", data, re))

    def _push_response(self, frame: str) -> None:
        self.sent_version = max(self.shown_version, self.sent_version)
        self.push(frame)


class ConnectedPlayer:
    """The data of a player for all sockets: the rate of messages, and which messages were handled."""

    def __init__(self) -> None:
        self.seen_at = time.monotonic()
        self.bucket = message_bucket()
        self.handled: OrderedDict[str, bytes] = OrderedDict()  # message id → digest

    def mark_handled(self, game_id: UUID, message: Message) -> bool:
        """Marks a message as handled. Returns whether the same message was handled before in this game.

        The id is not enough to compare messages: clients that count from 1 on each connection send different
        messages with the same id.
        """
        if message.id is None:
            return False
        digest = _digest(game_id, message)
        was_handled = self.handled.pop(message.id, None) == digest
        self.handled[message.id] = digest
        if len(self.handled) > MAX_HANDLED_MESSAGES:
            self.handled.popitem(last=False)
        return was_handled

    def unmark_handled(self, game_id: UUID, message: Message) -> None:
        """Removes the mark of a message that failed, so that it can be sent again."""
        if message.id and self.handled.get(message.id) == _digest(game_id, message):
            del self.handled[message.id]


def _digest(game_id: UUID, message: Message) -> bytes:
    """Returns a hash that is equal for equal messages. It takes less memory than most chat messages."""
    content = [game_id, message.type, message.data]
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).digest()
