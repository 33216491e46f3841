"""The sockets of one process: who is in which room, and what is sent to whom.

A hub decides nothing. It is told of each lobby as it is now (`News`), by this process or by another
over the channel layer, and sends it on; whoever has no seat in the news is shown out. News that is old
is dropped by its version, so that it may come twice, late, or not at all: `watch` finds what is behind.
"""

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from channels.layers import get_channel_layer
from django.db import Error as DjangoDatabaseError
from django.db import connections
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from config.db.pools import create_pool, pool_connection, set_query_limits
from config.kernel.errors import DomainError
from config.limits.rate_limits import RateLimitUnavailable
from config.redis import clients
from sessions_app.games import states
from sessions_app.kernel.statuses import OVER_STATUSES, Status
from sessions_app.live import announcements
from sessions_app.live.announcements import News, group_of
from sessions_app.live.protocol import Close
from sessions_app.live.rooms import Room, Visitor
from sessions_app.live.sign_in_checks import SignIns, take_seat
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.store import Change, run_async

if TYPE_CHECKING:
    from sessions_app.live.sockets import SeatSocket, Socket

T = TypeVar("T")
CONNECTIONS = 12  # to the database: changes that are committed together share one write to its disk
MOST_SOCKETS, MOST_OF_ADDRESS = 1000, 20
KEPT_FOR_SEATS = 500  # sockets that those who only look at the list can't take
STOPPING = 15.0  # seconds; the end of a process takes ten at the most (serve.py)
CANCEL_AGAIN = 0.5  # seconds, at the end of the process
TOGETHER = 0.05  # seconds after a change in which further ones wait, to travel as one
AWAY = (psycopg.Error, DjangoDatabaseError, PoolTimeout, RedisError, OSError)
# The socket whose message is being done, and the message's id.
ANSWERING: contextvars.ContextVar["tuple[SeatSocket | None, str | None]"] = contextvars.ContextVar(
    "answering", default=(None, None)
)
logger = logging.getLogger(__name__)


class Hub:
    """All rooms of a process. Belongs to one event loop, except for `tell`."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.rooms: dict[UUID, Room] = {}
        self.visitors: dict[UUID, Visitor] = {}
        self.sockets: set[Socket] = set()
        self.addresses: Counter[str] = Counter()
        self.holding: set[UUID] = set()  # connections that have a seat, or are about to
        # Connections that ended without the database being told: (session, player) of each.
        self.owed: dict[UUID, tuple[UUID, UUID]] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self.outgoing: dict[UUID, News] = {}
        self.publisher: asyncio.Task[Any] | None = None
        self.heard_beat_at = 0.0
        self.channel = ""

    async def open(self) -> None:
        """Begin. Waits for nothing: servers that are away may come."""
        self.loop, self.thread = asyncio.get_running_loop(), threading.get_ident()
        self.pool = create_pool(CONNECTIONS)
        await self.pool.open()
        self.redis = clients.durable_async()
        self.sign_ins = SignIns(self)
        self.layer: Any = get_channel_layer()
        self.django = ThreadPoolExecutor(1, "sockets", initializer=set_query_limits)
        announcements.tell(self.tell)

    async def close(self) -> None:
        """End what is open. Its seats stay as they are until its last heartbeat is old.

        Its row in `lobby_servers` stays too: without it the seats would be orphans before anybody is back.
        """
        # More than once: where an answer comes at the same moment, `asyncio.wait_for` of Python 3.11
        # takes that and drops the cancelling. A watch that goes on would keep the process alive for good,
        # and with its heartbeat the seats of sockets that are long gone.
        while self.tasks:
            for task in self.tasks:
                task.cancel()
            await asyncio.wait(self.tasks, timeout=CANCEL_AGAIN)
        announcements.stop(self.tell)  # whatever was still done on this loop was told by it
        await self.pool.close()
        await self.redis.aclose()
        self.django.submit(connections.close_all)
        self.django.shutdown(wait=False)
        with contextlib.suppress(Exception):  # whatever the layer's connection is at
            await asyncio.wait_for(self.layer.flush(), 1)

    def spawn(self, coroutine: Any) -> "asyncio.Task[Any]":
        """Run something beside; the hub keeps it alive, and ends it when it closes.

        In a context of its own, as timers are: it answers nobody, whoever caused it. What answers a
        message is not sent to its asker, who is answered already.
        """
        task = self.loop.create_task(coroutine, context=contextvars.Context())
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def ask_django(self, question: Callable[..., T], *arguments: Any) -> T:
        """Ask what only Django's own connection answers, in a thread kept for it."""
        return await self.loop.run_in_executor(self.django, question, *arguments)

    async def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        async with pool_connection(self.pool) as database:
            cursor = await database.execute(sql, values)
            return await cursor.fetchall() if cursor.description else []

    async def do(self, steps: Any, *arguments: Any, **named: Any) -> Change:
        """Run steps of `seating` here."""
        change: Change = await run_async(self.pool, steps, *arguments, **named)
        return change

    # ---- Coming and going -----------------------------------------------------------------------

    def admit(self, socket: "Socket") -> bool:
        """Count a socket in, if there is room for it in this process and for its address."""
        most = MOST_SOCKETS if socket.is_seat else MOST_SOCKETS - KEPT_FOR_SEATS
        if len(self.sockets) >= most or self.addresses[socket.address] >= MOST_OF_ADDRESS:
            return False
        self.sockets.add(socket)
        self.addresses[socket.address] += 1
        return True

    def dismiss(self, socket: "Socket") -> None:
        """Count a socket out."""
        if socket in self.sockets:
            self.sockets.remove(socket)
            self.addresses -= Counter([socket.address])

    def visitor(self, player_id: UUID) -> Visitor:
        """What is remembered of a player."""
        now = time.monotonic()
        visitor = self.visitors.setdefault(player_id, Visitor(now))
        visitor.seen_at = now
        return visitor

    async def enter(self, socket: "SeatSocket", re: str | None) -> None:
        """Give a player's seat to a socket, and welcome it. Raises DomainError, psycopg.Error."""
        room = self.rooms.get(socket.session_id)
        if room is None:
            room = self.rooms[socket.session_id] = Room(socket.session_id)
        room.entering += 1
        self.holding.add(socket.id)
        try:
            await self.subscribe(room)
            change = await self.do(take_seat, socket.holder, room.session_id, socket.id, self.id)
            self.hear(News.of(change.after))
            room.sockets[socket.id] = socket
            socket.room = room
            socket.welcome(re)
            self._check(room, socket)
        except BaseException:  # perhaps it has the seat: who lost the connection can't know
            self.holding.discard(socket.id)
            self.owed[socket.id] = socket.session_id, socket.player_id
            raise
        finally:
            room.entering -= 1
            self._leave_if_empty(room)

    async def leave(self, socket: "SeatSocket", *, keep: bool) -> None:
        """A socket is gone. Kept, its seat stays as it is: the process ends, another will hold it."""
        self.holding.discard(socket.id)
        room = socket.room
        if room is None:
            return
        room.sockets.pop(socket.id, None)
        has_seat = room.news is not None and socket.id in room.news.connections.values()
        if has_seat and keep:
            # Told by the code of its close alone, which a client can send as well: a process that is
            # still here when it should have ended gives the seat up after all.
            owed = room.session_id, socket.player_id
            self.loop.call_later(STOPPING, self.owed.setdefault, socket.id, owed)
        try:
            if has_seat and not keep:
                seat = (room.session_id, socket.player_id)
                self.owed[socket.id] = seat  # `watch` tells if we can't
                with contextlib.suppress(DomainError, *AWAY):
                    await self.do(lobby_actions.disconnect, *seat, socket.id)
                    self.owed.pop(socket.id, None)  # unless the watch was quicker
        finally:
            self._leave_if_empty(room)

    def _leave_if_empty(self, room: Room) -> None:
        if room.sockets or room.entering or self.rooms.get(room.session_id) is not room:
            return
        del self.rooms[room.session_id]
        for timer in (room.later, room.countdown):
            if timer:
                timer.cancel()
        self.spawn(self._unsubscribe(room.session_id))

    async def subscribe(self, room: Room) -> None:
        """Hear what other processes do in a game; `watch` tries again where Redis is away."""
        if not room.is_subscribed:
            group = group_of(room.session_id)
            room.is_subscribed = await self.layer_do("group_add", group, self.channel)

    async def _unsubscribe(self, session_id: UUID) -> None:
        if session_id not in self.rooms:  # nobody has opened it again meanwhile
            await self.layer_do("group_discard", group_of(session_id), self.channel)

    # ---- News -----------------------------------------------------------------------------------

    def tell(self, news: News) -> None:
        """This process has changed a lobby. From any thread."""
        if threading.get_ident() == self.thread:
            self._tell(news)
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self.loop.call_soon_threadsafe(self._tell, news)

    def _tell(self, news: News) -> None:
        self.hear(news)
        if news.status == Status.IN_PROGRESS:
            self.spawn(self._begin(news.session_id))
        elif news.status == Status.ABANDONED:
            self.spawn(self._retire(news.session_id))
        self.outgoing[news.session_id] = news
        if self.publisher is None or self.publisher.done():
            self.publisher = self.spawn(self._publish())

    async def _publish(self) -> None:
        while self.outgoing:
            session_id, news = self.outgoing.popitem()
            await self.layer_do("group_send", group_of(session_id), news.to_message())

    async def layer_do(self, what: str, *arguments: Any) -> bool:
        """Ask the channel layer; with Redis away, do without it for a moment, and answer False."""
        if clients.is_circuit_open() or not self.channel:
            return False
        try:
            await asyncio.wait_for(getattr(self.layer, what)(*arguments), clients.TIMEOUT_SECONDS)
        except (RedisError, OSError, RuntimeError):
            clients.record_failure()
            return False
        return True

    def hear(self, news: News) -> None:
        """A lobby as it is now: send it to whom it concerns, unless something newer was sent."""
        room = self.rooms.get(news.session_id)
        if room is None or news.version <= room.version:
            return
        before, room.news = room.news, news
        if before and before.status == Status.LOBBY and news.status == Status.IN_PROGRESS:
            self._send(room)
            self._send_all(room, room.write("started", {"lobby": room.document}))
        for socket in list(room.sockets.values()):
            self._check(room, socket)
        if before is None or before.countdown_ends_at != news.countdown_ends_at:
            self._set_countdown(room)
        self._send_soon(room)

    async def _begin(self, session_id: UUID) -> None:
        """See that the state of a game is written; it is read from the database where that fails."""
        with contextlib.suppress(RateLimitUnavailable, *AWAY):
            await self.ask_django(states.begin, session_id)

    async def _retire(self, session_id: UUID) -> None:
        """Let go of the state of a game; its key ends by itself where that fails."""
        with contextlib.suppress(RedisError, OSError):
            await states.retire(self.redis, session_id)

    def _check(self, room: Room, socket: "SeatSocket") -> None:
        """Show a socket out that has no seat any more; have it take its seat again if it lost it."""
        assert room.news
        news, player = room.news, socket.player_id
        asker, message_id = ANSWERING.get()
        re = message_id if asker is socket else None
        if player in news.kicked:
            socket.show_out(room.write("kicked", {}), Close.REMOVED)
        elif news.status in OVER_STATUSES:
            reason = "completed" if news.status == Status.COMPLETED else "abandoned"
            socket.show_out(room.write("closed", {"reason": reason}, re), Close.NO_SUCH_SESSION)
        elif player not in news.connections:
            socket.show_out(room.write("closed", {"reason": "left"}, re), Close.NO_SUCH_SESSION)
        elif (holder := news.connections[player]) is None:
            self.spawn(self._take_again(socket))
        elif holder != socket.id:
            socket.refuse("replaced")

    async def _take_again(self, socket: "SeatSocket") -> None:
        """The database took this process for dead; this socket is not."""
        if socket.is_leaving or socket.id not in self.holding:
            return
        with contextlib.suppress(DomainError, *AWAY):
            await self.do(
                lobby_actions.connect, socket.session_id, socket.player_id, socket.id, self.id
            )

    def _send_soon(self, room: Room) -> None:
        """Send the lobby at once, or with what else changes in this moment."""
        wait = room.sent_at + TOGETHER - time.monotonic()
        if wait <= 0:
            self._send(room)
        elif room.later is None:
            room.later = self.loop.call_later(wait, self._send, room, context=contextvars.Context())

    def _send(self, room: Room) -> None:
        if room.later:
            room.later.cancel()
        room.later, room.sent_at = None, time.monotonic()
        frame, (asker, _) = room.lobby(), ANSWERING.get()
        for socket in room.sockets.values():
            if socket is not asker:  # its answer, which follows, is the lobby
                socket.push_lobby(frame, room.version)

    def _send_all(self, room: Room, frame: str) -> None:
        for socket in room.sockets.values():
            socket.push(frame)

    def _set_countdown(self, room: Room) -> None:
        assert room.news
        if room.countdown:
            room.countdown.cancel()
        room.countdown = None
        if ends_at := room.news.countdown_ends_at:
            wait = max(0, ends_at - time.time()) + 0.005  # the database's clock must have passed it
            room.countdown = self.loop.call_later(
                wait, lambda: self.spawn(self.tidy(room.session_id))
            )

    async def tidy(self, session_id: UUID) -> None:
        """Do what is due in a lobby."""
        with contextlib.suppress(DomainError, *AWAY):
            await self.do(lobby_actions.tidy, session_id)

    # ---- Chat -----------------------------------------------------------------------------------

    def chat(self, socket: "SeatSocket", text: str, re: str | None) -> None:
        """Tell everybody seated."""
        assert socket.room
        said = {
            "player_id": str(socket.player_id),
            "text": text,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        socket.room.was_spoken_in = True
        for other in socket.room.sockets.values():
            other.push(socket.room.write("chat", said, re if other is socket else None))
        message = {"type": "chat", "session_id": str(socket.session_id), "hub": str(self.id)}
        self.spawn(
            self.layer_do("group_send", group_of(socket.session_id), message | {"said": said})
        )

    # ---- Other processes ------------------------------------------------------------------------

    async def listen(self) -> None:
        """Hear the other processes, for ever."""
        while True:
            message = await self.layer.receive(self.channel)
            if message["type"] == "beat":
                self.heard_beat_at = time.monotonic()
            elif message["type"] == "lobby":
                self.hear(News.from_message(message))
            elif message["type"] == "chat" and message["hub"] != str(self.id):
                room = self.rooms.get(UUID(message["session_id"]))
                if room:
                    self._send_all(room, room.write("chat", message["said"]))

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("Something broke beside the sockets", exc_info=error)
