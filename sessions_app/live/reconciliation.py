"""Reconciliation: every other second a process finds changes that were missed, lost, or are due.

It handles what no message reports: a process that was killed, an emptied Redis, a restart of the database,
a change made in psql, a sign-in that has ended.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from redis.exceptions import RedisError

from config.kernel.errors import DomainError
from config.redis import clients
from sessions_app.games import write_behind
from sessions_app.kernel.statuses import Status
from sessions_app.live import clock
from sessions_app.live.database import UNAVAILABLE_ERRORS
from sessions_app.live.hub import Hub
from sessions_app.live.rooms import Room
from sessions_app.live.updates import LobbyUpdate
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.statements import FIND_DUE_LOBBIES
from sessions_app.lobby.store import read_lobby

CHECK_SOCKETS_SECONDS, SWEEP_SECONDS, CLEAN_UP_SECONDS = 1.0, 2.0, 3600.0
SILENCE_SECONDS = 25.0  # after which a socket counts as lost
PING_AFTER_SECONDS = 10.0  # of silence, after which the server requests a ping
MAX_WRITE_SECONDS = 5.0  # for the client to read one frame
PLAYER_EXPIRY_SECONDS = 60.0  # after which the data of a player without a socket is deleted
SLICES = 20  # into which rooms are divided, to compare them one slice after another

DELETE_DEAD_SERVERS = """
DELETE FROM lobby_servers WHERE seen_at < statement_timestamp() - interval '1 hour'"""
# Lobbies that never started are not part of the history.
DELETE_ABANDONED_LOBBIES = f"""
DELETE FROM game_sessions AS g WHERE status = '{Status.ABANDONED}' AND started_at IS NULL
    AND completed_at < statement_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT FROM session_players AS s WHERE s.session_id = g.id)"""  # noqa: S608
READ_VERSIONS = "SELECT id, version FROM game_sessions WHERE id = ANY(%s)"
# Rows are locked in one order, because otherwise two processes could deadlock.
TOUCH = """
UPDATE game_sessions SET touched_at = statement_timestamp() WHERE id IN (
    SELECT id FROM game_sessions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)"""
logger = logging.getLogger(__name__)


class Reconciler:
    """Reconciles a hub with the database and Redis until the hub closes."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def open(self) -> None:
        """Starts the jobs. The hub must be open."""
        jobs = (
            (self.write_heartbeat, SWEEP_SECONDS),
            (self.check_sockets, CHECK_SOCKETS_SECONDS),
            (self.sweep, SWEEP_SECONDS),
            (self.compare_rooms, SWEEP_SECONDS / SLICES),
            (self.send_heartbeat, SWEEP_SECONDS),
            (self.clean_up, CLEAN_UP_SECONDS),
        )
        for job, seconds in jobs:
            self.hub.spawn(self._repeat(job, seconds))

    async def _repeat(self, job: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Runs a job periodically, also after errors."""
        while True:
            try:
                await job()
            except UNAVAILABLE_ERRORS as error:  # config.ops.outages logs its beginning and its end
                logger.debug("Reconciliation is not possible right now: %s", type(error).__name__)
            except Exception:
                logger.exception("Reconciliation of lobbies failed")
            await asyncio.sleep(seconds)

    # ---- Sockets --------------------------------------------------------------------------------

    async def check_sockets(self) -> None:
        """Closes sockets of clients that are silent or do not read. Deletes the data of absent players."""
        now = time.monotonic()
        for socket in list(self.hub.socket_slots.sockets):
            silence = now - socket.received_at
            if socket.writing_since and now - socket.writing_since > MAX_WRITE_SECONDS:
                socket.drop()
            elif silence > SILENCE_SECONDS:
                socket.refuse("silent")
                if silence > SILENCE_SECONDS + MAX_WRITE_SECONDS:
                    socket.drop()
            elif silence > PING_AFTER_SECONDS * (1 + socket.ping_requests_sent):
                socket.ping_requests_sent += 1
                socket.push_pong()
        for player_id, player in list(self.hub.players.items()):
            if now - player.seen_at > PLAYER_EXPIRY_SECONDS:
                del self.hub.players[player_id]

    async def send_heartbeat(self) -> None:
        """Checks the channel layer by a heartbeat."""
        await self.hub.fan_out.send_heartbeat(self.hub.rooms.values())

    # ---- The database ---------------------------------------------------------------------------

    async def write_heartbeat(self) -> None:
        """Writes the heartbeat of this process. It is a separate job, because the others may take long."""
        is_available = await self._does_redis_respond()
        await self.hub.database.run(clock.write_heartbeat, self.hub.id, is_available=is_available)

    async def _does_redis_respond(self) -> bool:
        """Returns whether Redis responds, which tickets need."""
        if clients.is_circuit_open():
            return False
        began = time.monotonic()
        try:
            await self.hub.redis.ping()
        except (RedisError, OSError):
            clients.record_failure(began=began)
            return False
        clients.record_success()
        return True

    async def sweep(self) -> None:
        """Writes pending changes to the database, and applies what is due."""
        await self._write_pending_disconnects()
        if not clients.is_circuit_open():
            await self.hub.sign_ins.detect_emptied_redis()
        if rooms := [room for room in self.hub.rooms.values() if room.had_chat]:
            for room in rooms:
                room.had_chat = False
            await self.hub.database.query(TOUCH, [room.game_id for room in rooms])
        for (game_id,) in await self.hub.database.query(FIND_DUE_LOBBIES):
            await self.hub.database.apply_due_changes(game_id)
        if not clients.is_circuit_open():
            await write_behind.write_states(self.hub.redis, self.hub.database.query)

    async def compare_rooms(self) -> None:
        """Compares the rooms with the database, a few at a time, so that other work is not delayed."""
        rooms = [room for room in self.hub.rooms.values() if room.update]
        size = max(1, -(-len(rooms) // SLICES))
        for first in range(0, len(rooms), size):
            batch = rooms[first : first + size]
            await self._update_outdated({room.game_id: room for room in batch})
            await self.hub.sign_ins.check(
                {s: s.holder for room in batch for s in room.sockets.values() if s.holder}
            )
            await asyncio.sleep(SWEEP_SECONDS / SLICES)

    async def clean_up(self) -> None:
        """Deletes rows that are not needed any more."""
        await self.hub.database.query(DELETE_DEAD_SERVERS)
        await self.hub.database.query(DELETE_ABANDONED_LOBBIES)
        await write_behind.delete_old_states(self.hub.database.query)
        await self.hub.sign_ins.renew_processes()

    async def _update_outdated(self, rooms: dict[UUID, Room]) -> None:
        """Updates the rooms whose lobby has a newer version in the database."""
        versions = dict(await self.hub.database.query(READ_VERSIONS, list(rooms)))
        for game_id, room in rooms.items():
            if game_id not in versions:
                for socket in list(room.sockets.values()):
                    socket.refuse("not_found")
            elif versions[game_id] > room.version:
                found = await self.hub.database.run(read_lobby, game_id)
                if found and (found[0].host or found[0].is_over):
                    self.hub.apply_update(LobbyUpdate.from_lobby(found[0]))
                else:  # the host was deleted, so the next host must be chosen
                    await self.hub.database.apply_due_changes(game_id)

    async def _write_pending_disconnects(self) -> None:
        """Disconnects the seats of sockets that were closed while the database was unavailable."""
        for connection, (game_id, player_id) in list(self.hub.pending_disconnects.items()):
            with contextlib.suppress(DomainError):  # the game was deleted
                await self.hub.database.run(
                    lobby_actions.disconnect, game_id, player_id, connection=connection
                )
            self.hub.pending_disconnects.pop(connection, None)
