"""The watch of one process: every other second it finds what was missed, lost, or is due.

Nothing here is needed while all goes well. It mends what no message can: a process that was killed, a
Redis that was emptied, a database that restarted, a change typed in psql, a sign-in that ended.
"""

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from redis.exceptions import RedisError

from config import redis as redis_config
from config.refusals import Refused
from sessions_app import seating, states
from sessions_app.announcing import News
from sessions_app.hub import AWAY, Hub
from sessions_app.lobby import GRACE, UNTOUCHED
from sessions_app.protocol import Close
from sessions_app.rooms import Room
from sessions_app.store import SERVER_SILENT, reading, run_async

if TYPE_CHECKING:
    from sessions_app.sockets import SeatSocket
    from sessions_app.tickets import Holder

TICK, SWEEP, HOUR = 1.0, 2.0, 3600.0  # seconds
SILENT = 25.0  # seconds after which a socket is lost
QUIET = 10.0  # seconds after which a client is asked for a sign of life
SLICES = 20  # of the rooms, compared one after another
STUCK = 5.0  # seconds that one frame may wait for its reader
DEAF = 8.0  # seconds without a beat, after which the channel layer is begun anew
FORGOTTEN = 60.0  # seconds after which a player who has no socket is forgotten
MOST_DUE = 100  # lobbies at once
ALIVE_SENTINEL = "lobby:servers"  # a key that is gone when Redis was emptied
# Whether this process is in the sentinel, and each family in force: one command, where a pipeline of a
# thousand would keep the event loop busy for a tenth of a second.
IN_FORCE = """
local answers = {redis.call('SISMEMBER', KEYS[1], ARGV[1])}
for n = 2, #KEYS do answers[n] = redis.call('HEXISTS', KEYS[n], ARGV[n]) end
return answers
"""

HEARTBEAT = """
INSERT INTO lobby_servers (id) VALUES (%s)
ON CONFLICT (id) DO UPDATE SET seen_at = statement_timestamp()"""
BURY = "DELETE FROM lobby_servers WHERE seen_at < statement_timestamp() - interval '1 hour'"
# Lobbies that never became games tell nothing.
CLEAR = """
DELETE FROM game_sessions AS g WHERE status = 'Abandoned' AND started_at IS NULL
    AND completed_at < statement_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT FROM session_players AS s WHERE s.session_id = g.id)"""
VERSIONS = "SELECT id, version FROM game_sessions WHERE id = ANY(%s)"
SPOKEN = "UPDATE game_sessions SET touched_at = statement_timestamp() WHERE id = ANY(%s)"
GOOD_PLAYERS = "SELECT id FROM users WHERE id = ANY(%s) AND is_active"
GOOD_PAGES = "SELECT session_key FROM page_sessions WHERE session_key = ANY(%s)"
DUE = f"""
SELECT g.id FROM game_sessions AS g
WHERE g.{seating.OPEN} AND (
    (g.status = 'Lobby' AND g.touched_at < statement_timestamp() - interval '{UNTOUCHED.seconds} seconds')
    OR g.countdown_ends_at < statement_timestamp() - interval '1 second'
    OR NOT EXISTS (
        SELECT FROM session_players AS s WHERE s.session_id = g.id AND s.is_host AND s.left_at IS NULL)
    OR EXISTS (
        SELECT FROM session_players AS s LEFT JOIN lobby_servers AS v ON v.id = s.server_id
        WHERE s.session_id = g.id AND s.left_at IS NULL AND (
            s.lost_at < statement_timestamp() - interval '{GRACE.seconds} seconds'
            OR (s.lost_at IS NULL AND (v.seen_at IS NULL
                OR v.seen_at < statement_timestamp() - interval '{SERVER_SILENT}')))))
LIMIT {MOST_DUE}"""  # noqa: S608 - nothing from outside
logger = logging.getLogger(__name__)


class Watch:
    """Watches over a hub, from `open` to the hub's end."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.trusted: set[UUID] = set()  # sockets whose families an emptied Redis forgot
        self.listener: asyncio.Task[Any] | None = None

    def open(self) -> None:
        """Begin, once the hub is open."""
        self.in_force = self.hub.redis.register_script(IN_FORCE)
        duties = (
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
                socket.show_out(None, Close.SILENT)
                if quiet > SILENT + STUCK:
                    socket.drop()
            elif QUIET < quiet <= QUIET + TICK or 2 * QUIET < quiet <= 2 * QUIET + TICK:
                socket.pong()
        for player_id, visitor in list(self.hub.visitors.items()):
            if now - visitor.seen_at > FORGOTTEN:
                del self.hub.visitors[player_id]

    # ---- The database ---------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Compare with the database, and do what is due."""
        await self.ask(HEARTBEAT, self.hub.id)
        await self.give_up_seats()
        await self.note_emptied()
        if spoken := [room for room in self.hub.rooms.values() if room.was_spoken_in]:
            for room in spoken:
                room.was_spoken_in = False
            await self.ask(SPOKEN, [room.session_id for room in spoken])
        for (session_id,) in await self.ask(DUE):
            await self.hub.tidy(session_id)
        if not redis_config.seems_away():
            await states.write_behind(self.hub.redis, self.ask)

    async def round(self) -> None:
        """Compare each room with the database, a few at a time: all at once would make others wait."""
        rooms = [room for room in self.hub.rooms.values() if room.news]
        few = max(1, -(-len(rooms) // SLICES))
        for first in range(0, len(rooms), few):
            some = rooms[first : first + few]
            await self.catch_up({room.session_id: room for room in some})
            await self.check_sign_ins(
                {s: s.holder for room in some for s in room.sockets.values() if s.holder}
            )
            await asyncio.sleep(SWEEP / SLICES)

    async def clear(self) -> None:
        """Remove what nobody needs any more."""
        await self.ask(BURY)
        await self.ask(CLEAR)

    async def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        async with self.hub.pool.connection() as database:
            cursor = await database.execute(sql, values)
            return await cursor.fetchall() if cursor.description else []

    async def catch_up(self, rooms: dict[UUID, Room]) -> None:
        """Read each lobby again of which something newer is in the database."""
        versions = dict(await self.ask(VERSIONS, list(rooms)))
        for session_id, room in rooms.items():
            if session_id not in versions:
                for socket in list(room.sockets.values()):
                    socket.show_out(None, Close.NO_SUCH_SESSION)
            elif versions[session_id] > room.version:
                found = await run_async(self.hub.pool, reading, session_id)
                if found and (found[0].host or found[0].is_over):
                    self.hub.hear(News.of(found[0]))
                else:  # a host was deleted: the next one is chosen at once
                    await self.hub.tidy(session_id)

    async def give_up_seats(self) -> None:
        """Tell of sockets that ended while the database was away."""
        for connection, (session_id, player_id) in list(self.hub.owed.items()):
            with contextlib.suppress(Refused):  # the game is gone
                await self.hub.do(seating.disconnect, session_id, player_id, connection)
            self.hub.owed.pop(connection, None)

    # ---- Sign-ins -------------------------------------------------------------------------------

    async def check_sign_ins(self, holders: "dict[SeatSocket, Holder]") -> None:
        """Show players out who were banned or erased, or whose sign-in has ended."""
        players = [holder.player_id for holder in holders.values()]
        good_players = {row[0] for row in await self.ask(GOOD_PLAYERS, players)}
        pages = [holder.page for holder in holders.values() if holder.page]
        good_pages = {row[0] for row in await self.ask(GOOD_PAGES, pages)} if pages else set()
        ended = await self.ended_families(list(holders))
        for socket, holder in holders.items():
            if holder.player_id not in good_players:
                socket.show_out(None, Close.REMOVED)
            elif (holder.page and holder.page not in good_pages) or socket in ended:
                socket.show_out(None, Close.NOT_LET_IN)

    async def note_emptied(self) -> None:
        """See whether Redis was emptied: then those who are here keep their sign-ins until it knows them."""
        if redis_config.seems_away():
            return
        if await self.hub.redis.sadd(ALIVE_SENTINEL, str(self.hub.id)):
            self.trusted = {socket.id for socket in self.hub.sockets}
        await self.hub.redis.expire(ALIVE_SENTINEL, 24 * 3600)

    async def ended_families(self, sockets: "list[SeatSocket]") -> "set[SeatSocket]":
        """Those whose token family has ended. One that an emptied Redis forgot has not."""
        asked = [(s, s.holder) for s in sockets if s.holder and s.holder.family]
        if redis_config.seems_away():
            return set()
        keys = [f"session:{holder.player_id}:refresh_token" for _, holder in asked]
        names = [str(holder.family) for _, holder in asked]
        try:
            was_kept, *in_force = await self.in_force(
                keys=[ALIVE_SENTINEL, *keys], args=[str(self.hub.id), *names]
            )
        except (RedisError, OSError):
            redis_config.note_failure()
            return set()
        if not was_kept:  # emptied just now; who signs in from here on can be signed out
            await self.note_emptied()
            return set()
        pairs = list(zip(asked, in_force, strict=True))
        # Whoever Redis knows, signed in since it was emptied, and can be signed out again.
        self.trusted -= {socket.id for (socket, _), good in pairs if good}
        return {s for (s, _), good in pairs if not good and s.id not in self.trusted}

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
            await asyncio.wait_for(hub.layer.flush(), redis_config.PATIENCE)
        hub.layer, hub.channel = channel_layers.make_backend(DEFAULT_CHANNEL_LAYER), ""
        for room in hub.rooms.values():
            room.is_subscribed = False
        try:
            channel = await asyncio.wait_for(hub.layer.new_channel(), redis_config.PATIENCE)
        except (RedisError, OSError):
            redis_config.note_failure()
            return
        hub.channel, hub.heard_beat_at = channel, time.monotonic()
        self.listener = hub.spawn(hub.listen())
