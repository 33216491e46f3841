"""The watch of one process: every other second it finds what was missed, lost, or is due.

Nothing here is needed while all goes well. It mends what no message can: a process that was killed, a
Redis that was emptied, a database that restarted, a change typed in psql, a sign-in that ended.
"""

import asyncio
import contextlib
import logging
import time
from typing import Any
from uuid import UUID

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from redis.exceptions import RedisError

from config.kernel.errors import DomainError
from config.redis import clients
from sessions_app.games import states
from sessions_app.kernel.statuses import Status
from sessions_app.live.announcements import News
from sessions_app.live.hub import AWAY, Hub
from sessions_app.live.rooms import Room
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.rules import GRACE, UNTOUCHED
from sessions_app.lobby.store import SERVER_SILENT, reading, run_async

TICK, SWEEP, HOUR = 1.0, 2.0, 3600.0  # seconds
SILENT = 25.0  # seconds after which a socket is lost
QUIET = 10.0  # seconds after which a client is asked for a sign of life
SLICES = 20  # of the rooms, compared one after another
STUCK = 5.0  # seconds that one frame may wait for its reader
DEAF = 8.0  # seconds without a beat, after which the channel layer is begun anew
FORGOTTEN = 60.0  # seconds after which a player who has no socket is forgotten
MOST_DUE = 100  # lobbies at once

HEARTBEAT = """
INSERT INTO lobby_servers (id) VALUES (%s)
ON CONFLICT (id) DO UPDATE SET seen_at = statement_timestamp()"""
BURY = "DELETE FROM lobby_servers WHERE seen_at < statement_timestamp() - interval '1 hour'"
# Lobbies that never became games tell nothing.
CLEAR = f"""
DELETE FROM game_sessions AS g WHERE status = '{Status.ABANDONED}' AND started_at IS NULL
    AND completed_at < statement_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT FROM session_players AS s WHERE s.session_id = g.id)"""  # noqa: S608
VERSIONS = "SELECT id, version FROM game_sessions WHERE id = ANY(%s)"
# Many rows are locked in one order, or two processes might wait for each other.
SPOKEN = """
UPDATE game_sessions SET touched_at = statement_timestamp() WHERE id IN (
    SELECT id FROM game_sessions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)"""
# Seats are looked up game by game: those of all the games that were ever played are many.
DUE = f"""
SELECT g.id FROM game_sessions AS g CROSS JOIN LATERAL (
    SELECT bool_or(s.is_host) AS have_host, bool_or(
        s.lost_at < statement_timestamp() - interval '{GRACE.seconds} seconds'
        OR (s.lost_at IS NULL AND (v.seen_at IS NULL
            OR v.seen_at < statement_timestamp() - interval '{SERVER_SILENT}'))) AS are_due
    FROM session_players AS s LEFT JOIN lobby_servers AS v ON v.id = s.server_id
    WHERE s.session_id = g.id AND s.left_at IS NULL) AS seats
WHERE g.{lobby_actions.OPEN} AND (
    seats.have_host IS NOT TRUE OR seats.are_due
    OR g.countdown_ends_at < statement_timestamp() - interval '1 second'
    OR (g.status = '{Status.LOBBY}'
        AND g.touched_at < statement_timestamp() - interval '{UNTOUCHED.seconds} seconds'))
LIMIT {MOST_DUE}"""  # noqa: S608 - nothing from outside
logger = logging.getLogger(__name__)


class Watch:
    """Watches over a hub, from `open` to the hub's end."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.listener: asyncio.Task[Any] | None = None

    def open(self) -> None:
        """Begin, once the hub is open."""
        duties = (
            (self.live, SWEEP),
            (self.tick, TICK),
            (self.sweep, SWEEP),
            (self.round, SWEEP / SLICES),
            (self.beat, SWEEP),
            (self.clear, HOUR),
        )
        for duty, seconds in duties:
            self.hub.spawn(self.forever(duty, seconds))

    async def forever(self, duty: Any, seconds: float) -> None:
        """Do a duty again and again, whatever breaks meanwhile."""
        while True:
            try:
                await duty()
            except AWAY as error:
                logger.info("Can't watch right now: %s", type(error).__name__)
            except Exception:
                logger.exception("The watch of lobbies stumbled")
            await asyncio.sleep(seconds)

    # ---- Sockets --------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Find clients that are silent or do not read."""
        now = time.monotonic()
        for socket in list(self.hub.sockets):
            quiet = now - socket.heard_at
            if socket.writing_since and now - socket.writing_since > STUCK:
                socket.drop()
            elif quiet > SILENT:
                socket.refuse("silent")
                if quiet > SILENT + STUCK:
                    socket.drop()
            elif quiet > QUIET * (1 + socket.asked):
                socket.asked += 1
                socket.pong()
        for player_id, visitor in list(self.hub.visitors.items()):
            if now - visitor.seen_at > FORGOTTEN:
                del self.hub.visitors[player_id]

    # ---- The database ---------------------------------------------------------------------------

    async def live(self) -> None:
        """Say that this process lives, whatever else takes long."""
        await self.hub.ask(HEARTBEAT, self.hub.id)

    async def sweep(self) -> None:
        """Compare with the database, and do what is due."""
        await self.give_up_seats()
        if not clients.is_circuit_open():
            await self.hub.sign_ins.note_emptied()
        if spoken := [room for room in self.hub.rooms.values() if room.was_spoken_in]:
            for room in spoken:
                room.was_spoken_in = False
            await self.hub.ask(SPOKEN, [room.session_id for room in spoken])
        for (session_id,) in await self.hub.ask(DUE):
            await self.hub.tidy(session_id)
        if not clients.is_circuit_open():
            await states.write_behind(self.hub.redis, self.hub.ask)

    async def round(self) -> None:
        """Compare each room with the database, a few at a time: all at once would make others wait."""
        rooms = [room for room in self.hub.rooms.values() if room.news]
        few = max(1, -(-len(rooms) // SLICES))
        for first in range(0, len(rooms), few):
            some = rooms[first : first + few]
            await self.catch_up({room.session_id: room for room in some})
            await self.hub.sign_ins.check(
                {s: s.holder for room in some for s in room.sockets.values() if s.holder}
            )
            await asyncio.sleep(SWEEP / SLICES)

    async def clear(self) -> None:
        """Remove what nobody needs any more."""
        await self.hub.ask(BURY)
        await self.hub.ask(CLEAR)
        await states.drop_old(self.hub.ask)
        await self.hub.sign_ins.clear()

    async def catch_up(self, rooms: dict[UUID, Room]) -> None:
        """Read each lobby again of which something newer is in the database."""
        versions = dict(await self.hub.ask(VERSIONS, list(rooms)))
        for session_id, room in rooms.items():
            if session_id not in versions:
                for socket in list(room.sockets.values()):
                    socket.refuse("not_found")
            elif versions[session_id] > room.version:
                found = await run_async(self.hub.pool, reading, session_id)
                if found and (found[0].host or found[0].is_over):
                    self.hub.hear(News.of(found[0]))
                else:  # a host was deleted: the next one is chosen at once
                    await self.hub.tidy(session_id)

    async def give_up_seats(self) -> None:
        """Tell of sockets that ended while the database was away."""
        for connection, (session_id, player_id) in list(self.hub.owed.items()):
            with contextlib.suppress(DomainError):  # the game is gone
                await self.hub.do(lobby_actions.disconnect, session_id, player_id, connection)
            self.hub.owed.pop(connection, None)

    # ---- The channel layer ----------------------------------------------------------------------

    async def beat(self) -> None:
        """Send this process a word through Redis; not hearing it means being deaf to all others."""
        hub = self.hub
        deaf_for = time.monotonic() - hub.heard_beat_at
        if not hub.channel or deaf_for > DEAF:
            await self.begin_layer()
        for room in [room for room in hub.rooms.values() if not room.is_subscribed]:
            await hub.subscribe(room)
        await hub.layer_do("send", hub.channel, {"type": "beat"})

    async def begin_layer(self) -> None:
        """Hear and speak anew, by a channel layer that knows nothing of what befell the last one."""
        hub = self.hub
        if self.listener:
            self.listener.cancel()
        with contextlib.suppress(Exception):  # whatever its connections are at
            await asyncio.wait_for(hub.layer.flush(), clients.TIMEOUT_SECONDS)
        hub.layer, hub.channel = channel_layers.make_backend(DEFAULT_CHANNEL_LAYER), ""
        for room in hub.rooms.values():
            room.is_subscribed = False
        try:
            channel = await asyncio.wait_for(hub.layer.new_channel(), clients.TIMEOUT_SECONDS)
        except (RedisError, OSError):
            clients.record_failure()
            return
        hub.channel, hub.heard_beat_at = channel, time.monotonic()
        self.listener = hub.spawn(hub.listen())
