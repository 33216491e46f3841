"""The sockets of one process, by room, and the messages that they get.

A hub has no rules. It gets each changed lobby as a `LobbyUpdate`, from this process or from another, and
sends it to the room's sockets. A socket without a seat in the update is closed. An update that is not newer
is ignored, so updates may arrive twice or late. If one is lost, reconciliation finds the outdated room.
"""

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from redis.exceptions import RedisError

from config.kernel.cancellation import cancel_and_wait
from config.kernel.errors import DomainError
from config.kernel.timestamps import to_json
from config.limits.rate_limits import RateLimitUnavailable
from config.redis import clients
from sessions_app.games import state_store, write_behind
from sessions_app.kernel.protocol import Close
from sessions_app.kernel.statuses import OVER_STATUSES, Status
from sessions_app.live.database import UNAVAILABLE_ERRORS, Database
from sessions_app.live.fan_out import FanOut
from sessions_app.live.rooms import ConnectedPlayer, Room, SeatSocket, current_command
from sessions_app.live.socket_slots import SocketSlots
from sessions_app.live.updates import LobbyUpdate
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import transactions
from sessions_app.lobby.entities import Lobby
from sessions_app.tickets import resume_tokens
from sessions_app.tickets.sign_in_checks import SignInChecker, take_seat

SHUTDOWN_SECONDS = 15.0  # the shutdown of a process takes at most ten (serve.py)
COALESCE_SECONDS = 0.05  # after an update, during which further ones are collected
CLOCK_MARGIN_SECONDS = 0.005  # added to a countdown, so that it has ended by the database's clock
logger = logging.getLogger(__name__)


class Hub:
    """All rooms of a process. It belongs to one event loop, except for `handle_change`."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.rooms: dict[UUID, Room] = {}
        self.players: dict[UUID, ConnectedPlayer] = {}
        self.socket_slots = SocketSlots()
        self.database = Database()
        self.connections: set[UUID] = set()  # sockets that have a seat, or are about to get one
        # Closed sockets whose seats are still connected in the database: the game and player of each.
        self.pending_disconnects: dict[UUID, tuple[UUID, UUID]] = {}
        self.tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Opens the connections. Does not wait for them: the database and Redis may be unavailable."""
        self.loop, self.thread = asyncio.get_running_loop(), threading.get_ident()
        await self.database.open()
        self.redis = clients.durable_async()
        self.sign_ins = SignInChecker(self.redis, self.database.query, self.id, self.connections)
        self.fan_out = FanOut(
            self.id, self.spawn, on_update=self.apply_update, on_chat=self._show_chat
        )
        transactions.add_listener(self.handle_change)

    async def close(self) -> None:
        """Closes the connections. The seats of its sockets stay connected until its last heartbeat is old.

        The row in `lobby_servers` is not deleted: otherwise the seats would be orphaned before the players
        have reconnected.
        """
        # Further heartbeats would keep the seats of closed sockets connected.
        await cancel_and_wait(self.tasks)
        transactions.remove_listener(self.handle_change)  # the cancelled tasks may have used it
        await self.database.close()
        await self.redis.aclose()
        await self.fan_out.close()

    def spawn(self, coroutine: Any) -> "asyncio.Task[Any]":
        """Runs a coroutine as a task, to which the hub has a reference, and which it cancels when it closes.

        The task has an empty context, like timers: it is not part of a command (`current_command`), so its
        messages are also sent to the socket of the command.
        """
        task = self.loop.create_task(coroutine, context=contextvars.Context())
        self.tasks.add(task)
        task.add_done_callback(self._finish_task)
        return task

    def _finish_task(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A task of the sockets failed", exc_info=error)

    # ---- Seats -------------------------------------------------------------------------------------

    def connected_player(self, player_id: UUID) -> ConnectedPlayer:
        """Returns the data of a player in this process."""
        player = self.players.setdefault(player_id, ConnectedPlayer())
        player.seen_at = time.monotonic()
        return player

    async def enter(self, socket: SeatSocket, re: str | None) -> None:
        """Assigns a player's seat to a socket, and sends `welcome`. Raises DomainError, psycopg.Error."""
        assert socket.holder
        room = self.rooms.get(socket.game_id)
        if room is None:
            room = self.rooms[socket.game_id] = Room(socket.game_id)
        room.entering += 1
        self.connections.add(socket.id)
        try:
            await self.fan_out.subscribe(room)
            token = resume_tokens.create_token()
            change = await self.database.run(
                take_seat,
                socket.holder,
                room.game_id,
                connection=socket.id,
                server=self.id,
                resume=token,
            )
            socket.resume = token
            socket.has_replaced_token = socket.holder.resumed_by is not None
            self.apply_update(LobbyUpdate.from_lobby(change.after))
            room.sockets[socket.id] = socket
            socket.room = room
            socket.push_welcome(re)
            self._check_seat(room, socket)
        except BaseException:
            # The seat may be taken all the same, for example after a lost connection.
            self.connections.discard(socket.id)
            self.pending_disconnects[socket.id] = socket.game_id, socket.player_id
            raise
        finally:
            room.entering -= 1
            self._close_empty_room(room)

    async def confirm_resume_token(self, socket: SeatSocket) -> None:
        """Invalidates the token before the current one. If this fails, the next message tries again."""
        socket.has_replaced_token = False
        try:
            await self.database.query(
                resume_tokens.CONFIRM, socket.game_id, socket.player_id, socket.id
            )
        except UNAVAILABLE_ERRORS:
            socket.has_replaced_token = True

    async def leave(self, socket: SeatSocket, *, is_server_stopping: bool) -> None:
        """Removes a closed socket.

        If `is_server_stopping`, the seat stays connected, because the player will reconnect to another
        process.
        """
        self.connections.discard(socket.id)
        room = socket.room
        if room is None:
            return
        room.sockets.pop(socket.id, None)
        has_seat = room.update is not None and socket.id in room.update.connections.values()
        disconnect = room.game_id, socket.player_id
        if has_seat and is_server_stopping:
            # A client may send the same close code. If this process is still running after SHUTDOWN_SECONDS,
            # it disconnects the seat.
            self.loop.call_later(
                SHUTDOWN_SECONDS, self.pending_disconnects.setdefault, socket.id, disconnect
            )
        try:
            if has_seat and not is_server_stopping:
                # For reconciliation, if this fails.
                self.pending_disconnects[socket.id] = disconnect
                with contextlib.suppress(DomainError, *UNAVAILABLE_ERRORS):
                    await self.database.run(
                        lobby_actions.disconnect, *disconnect, connection=socket.id
                    )
                    # Reconciliation may have removed it.
                    self.pending_disconnects.pop(socket.id, None)
        finally:
            self._close_empty_room(room)

    def _close_empty_room(self, room: Room) -> None:
        if room.sockets or room.entering or self.rooms.get(room.game_id) is not room:
            return
        del self.rooms[room.game_id]
        room.cancel_timers()
        self.spawn(self._unsubscribe(room.game_id))

    async def _unsubscribe(self, game_id: UUID) -> None:
        if game_id not in self.rooms:  # a new room may have been opened since
            await self.fan_out.unsubscribe(game_id)

    # ---- Updates --------------------------------------------------------------------------------

    def handle_change(self, lobby: Lobby) -> None:
        """Handles a change that this process has committed. Thread-safe."""
        update = LobbyUpdate.from_lobby(lobby)
        if threading.get_ident() == self.thread:
            self._handle_change(update)
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self.loop.call_soon_threadsafe(self._handle_change, update)

    def _handle_change(self, update: LobbyUpdate) -> None:
        self.apply_update(update)
        if update.status == Status.IN_PROGRESS:
            self.spawn(self._write_initial_state(update.game_id))
        elif update.status == Status.ABANDONED:
            self.spawn(self._mark_abandoned(update.game_id))
        self.fan_out.publish(update)

    def apply_update(self, update: LobbyUpdate) -> None:
        """Sends an update to the room's sockets, if it is newer than the last."""
        room = self.rooms.get(update.game_id)
        if room is None or update.version <= room.version:
            return
        before, room.update = room.update, update
        if before and before.status == Status.LOBBY and update.status == Status.IN_PROGRESS:
            self._send_update(room)
            room.broadcast(room.message_frame("started", {"lobby": room.document}))
        for socket in list(room.sockets.values()):
            self._check_seat(room, socket)
        if before is None or before.countdown_ends_at != update.countdown_ends_at:
            self._set_countdown(room)
        self._schedule_update(room)

    async def _write_initial_state(self, game_id: UUID) -> None:
        """Writes the initial state of a game to Redis. If this fails, the database has the state."""
        with contextlib.suppress(RateLimitUnavailable, *UNAVAILABLE_ERRORS):
            await self.database.call(state_store.write_initial_state, game_id)

    async def _mark_abandoned(self, game_id: UUID) -> None:
        """Marks the state of an abandoned game for deletion. If this fails, its key expires."""
        with contextlib.suppress(RedisError, OSError):
            await write_behind.mark_abandoned(self.redis, game_id)

    def _check_seat(self, room: Room, socket: SeatSocket) -> None:
        """Closes a socket that has no seat any more. If the seat was lost by mistake, it is reclaimed."""
        assert room.update
        update, player = room.update, socket.player_id
        command_socket, message_id = current_command.get()
        re = message_id if command_socket is socket else None
        if player in update.kicked:
            socket.close(room.message_frame("kicked", {}), Close.REMOVED)
        elif update.status in OVER_STATUSES:
            reason = "completed" if update.status == Status.COMPLETED else "abandoned"
            socket.close(
                room.message_frame("closed", {"reason": reason}, re), Close.NO_SUCH_SESSION
            )
        elif player not in update.connections:
            socket.close(
                room.message_frame("closed", {"reason": "left"}, re), Close.NO_SUCH_SESSION
            )
        elif (connection := update.connections[player]) is None:
            self.spawn(self._reclaim_seat(socket))
        elif connection != socket.id:
            socket.refuse("replaced")

    async def _reclaim_seat(self, socket: SeatSocket) -> None:
        """Reclaims the seat of an open socket, which was lost because a heartbeat was late."""
        if socket.is_closing or socket.id not in self.connections:
            return
        with contextlib.suppress(DomainError, *UNAVAILABLE_ERRORS):
            await self.database.run(
                lobby_actions.connect,
                socket.game_id,
                socket.player_id,
                connection=socket.id,
                server=self.id,
            )

    def _schedule_update(self, room: Room) -> None:
        """Sends the lobby at once, or together with the next changes."""
        wait = room.sent_at + COALESCE_SECONDS - time.monotonic()
        if wait <= 0:
            self._send_update(room)
        elif room.send_timer is None:
            room.send_timer = self.loop.call_later(
                wait, self._send_update, room, context=contextvars.Context()
            )

    def _send_update(self, room: Room) -> None:
        if room.send_timer:
            room.send_timer.cancel()
        room.send_timer, room.sent_at = None, time.monotonic()
        frame, (command_socket, _) = room.lobby_frame(), current_command.get()
        for socket in room.sockets.values():
            if socket is not command_socket:  # which gets the lobby in the response
                socket.push_update(frame, room.version)

    def _set_countdown(self, room: Room) -> None:
        assert room.update
        if room.countdown_timer:
            room.countdown_timer.cancel()
        room.countdown_timer = None
        if ends_at := room.update.countdown_ends_at:
            wait = max(0, ends_at - time.time()) + CLOCK_MARGIN_SECONDS
            room.countdown_timer = self.loop.call_later(
                wait, lambda: self.spawn(self.database.apply_due_changes(room.game_id))
            )

    # ---- Chat -----------------------------------------------------------------------------------

    def send_chat(self, socket: SeatSocket, text: str, re: str | None) -> None:
        """Sends a chat message to all players with a seat."""
        assert socket.room
        chat = {
            "player_id": str(socket.player_id),
            "text": text,
            "at": to_json(datetime.now(UTC)),
        }
        socket.room.had_chat = True
        for other in socket.room.sockets.values():
            other.push(socket.room.message_frame("chat", chat, re if other is socket else None))
        self.fan_out.publish_chat(socket.game_id, chat)

    def _show_chat(self, game_id: UUID, chat: dict[str, str]) -> None:
        if room := self.rooms.get(game_id):
            room.broadcast(room.message_frame("chat", chat))
