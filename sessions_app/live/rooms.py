"""What a process remembers of a game and of a player, while their sockets are here."""

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from config.limits.token_bucket import TokenBucket
from sessions_app.live import protocol
from sessions_app.live.announcements import News
from sessions_app.live.protocol import Message

if TYPE_CHECKING:
    from sessions_app.live.sockets import SeatSocket

REMEMBERED = 32  # ids of messages of a player


class Room:
    """The sockets of this process in one game, and the last news of it."""

    def __init__(self, session_id: UUID) -> None:
        self.session_id = session_id
        self.news: News | None = None
        self.sockets: dict[UUID, SeatSocket] = {}
        self.entering = 0  # sockets on their way in keep the room open
        self.sent_at = 0.0
        self.later: asyncio.TimerHandle | None = None
        self.countdown: asyncio.TimerHandle | None = None
        self.was_spoken_in = False
        self.is_subscribed = False  # to what other processes tell

    @property
    def version(self) -> int:
        """Of the last news; 0 before it."""
        return self.news.version if self.news else 0

    def lobby(self, re: str | None = None) -> str:
        """The `lobby` message as it is now."""
        return self.write("lobby", self.document, re)

    def write(self, kind: str, data: Any, re: str | None = None) -> str:
        """A message with the version that the room has."""
        return protocol.write(kind, self.version, data, re)

    @property
    def document(self) -> "orjson.Fragment":
        """The whole lobby, as JSON that is not made again."""
        assert self.news
        return orjson.Fragment(self.news.document)


class Visitor:
    """What is remembered of a player whatever the socket: how fast, and which messages were done."""

    def __init__(self, now: float) -> None:
        self.pace = TokenBucket(now)
        self.done: OrderedDict[str, bytes] = OrderedDict()  # id → what was said, and where
        self.seen_at = now

    def has_done(self, session_id: UUID, message: Message) -> bool:
        """Whether the same message came before, for the same session; if not, from now on it has.

        An id alone does not make it the same: clients that count from one on each connection say
        other things by it, or say them elsewhere.
        """
        if message.id is None:
            return False
        digest = _digest(session_id, message)
        was_done = self.done.pop(message.id, None) == digest
        self.done[message.id] = digest
        if len(self.done) > REMEMBERED:
            self.done.popitem(last=False)
        return was_done

    def forget(self, session_id: UUID, message: Message) -> None:
        """A message was not done after all."""
        if message.id and self.done.get(message.id) == _digest(session_id, message):
            del self.done[message.id]


def _digest(session_id: UUID, message: Message) -> bytes:
    """What makes a message the same as another: short, since a chat alone can be a kilobyte."""
    said = [session_id, message.type, message.data]
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).digest()
