"""Checks whether the players of sockets are still signed in: not banned, not erased, not signed out.

A sign-in is a token family (Redis) or a page session (PostgreSQL). After Redis was emptied, it has no
families, although none was revoked. To detect this, each process adds its id to a set in Redis, and checks
whether it is still there. Sockets that were connected at that time, and those that were resumed, may have an
older family. They stay connected while their seat has a resume token (PostgreSQL), which is deleted when the
family is revoked. Other sockets have a later ticket, so their family is in Redis and can be checked.
"""

import time
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from redis.exceptions import RedisError

from accounts.devices import statements
from accounts.devices.statements import stamps_by_player
from accounts.tokens import families
from config.db.pools import Query
from config.kernel.errors import DomainError
from config.redis import clients
from sessions_app.kernel.protocol import FINAL_ERRORS
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.entities import LobbyChange
from sessions_app.lobby.transactions import Steps
from sessions_app.tickets import resume_tokens
from sessions_app.tickets.tickets import Holder

if TYPE_CHECKING:
    import redis.asyncio

PROCESSES = "lobby:servers"  # a set of the ids of processes
PROCESSES_SECONDS = 24 * 3600


class SignedInSocket(Protocol):
    """The part of a socket that a check needs."""

    id: UUID
    holder: Holder | None

    def refuse(self, code: str, re: str | None = None) -> None:
        """Closes the socket with one of `protocol.FINAL_ERRORS`."""


S = TypeVar("S", bound=SignedInSocket)


def require_signed_in(holder: Holder) -> Steps[str]:
    """Checks that a holder's account has not changed since the ticket was created. Returns its stamp.

    It is part of the transaction that takes the seat. Raises DomainError: `suspended` for a player who was
    banned or erased, `signed_out` if the password has changed or the token family has ended.
    """
    rows = yield [(statements.FIND_OPEN_ACCOUNTS, [[holder.player_id]])]
    stamp = stamps_by_player(rows).get(holder.player_id)
    if stamp is None:
        raise _final_error("suspended")
    if holder.has_ended or holder.stamp not in (None, stamp):
        raise _final_error("signed_out")
    return stamp


def _final_error(code: str) -> DomainError:
    return DomainError(code, FINAL_ERRORS[code][1])


def take_seat(
    holder: Holder, game_id: UUID, *, connection: UUID, server: UUID, resume: str
) -> Steps[LobbyChange]:
    """Assigns the seat of a holder, who must still be signed in, to a socket. Raises DomainError.

    `resume` is the next resume token of the seat.
    """
    stamp = yield from require_signed_in(holder)
    if holder.resumed_by:
        yield from resume_tokens.require_valid(game_id, holder)
    return (
        yield from lobby_actions.connect(
            game_id,
            holder.player_id,
            connection=connection,
            server=server,
            then=[resume_tokens.write_token(holder, stamp, game_id, resume)],
        )
    )


class SignInChecker:
    """Checks the sign-ins of the sockets of one process.

    `connections` are the ids of the sockets that have a seat or are about to get one; the hub changes this
    set.
    """

    def __init__(
        self,
        redis: "redis.asyncio.Redis",
        query: Query,
        process_id: UUID,
        connections: Collection[UUID],
    ) -> None:
        self._redis, self._query = redis, query
        self._process_id, self._connections = str(process_id), connections
        self._trusted: set[UUID] = set()  # sockets that were connected when Redis was emptied

    async def detect_emptied_redis(self) -> None:
        """Detects whether Redis was emptied since the last call. Raises RedisError.

        It is also called for each new socket, before the socket counts as connected.
        """
        if await self._redis.sadd(PROCESSES, self._process_id):
            self._trusted = set(self._connections)
            await self._redis.expire(PROCESSES, PROCESSES_SECONDS)

    async def renew_processes(self) -> None:
        """Renews the expiry of the set of processes. Raises RedisError."""
        if not clients.is_circuit_open():
            await self._redis.expire(PROCESSES, PROCESSES_SECONDS)

    async def check(self, holders: dict[S, Holder]) -> None:
        """Closes the sockets of players who were banned or erased, or whose sign-ins have ended.

        A changed stamp shows a ban between two checks, and a password that was changed in psql, which ends no
        sign-ins. The player may also have changed the password on a page, which stays signed in. So the
        socket of a page is closed with a code on which it reconnects, and its cookie is checked again.
        """
        players = [holder.player_id for holder in holders.values()]
        stamps = stamps_by_player(await self._query(statements.FIND_OPEN_ACCOUNTS, players))
        pages = [holder.page for holder in holders.values() if holder.page]
        rows = await self._query(statements.FIND_PAGE_SESSIONS, pages) if pages else []
        valid_pages = {key for (key,) in rows}
        ended = await self._find_ended(holders)
        refused: list[Holder] = []
        for socket, holder in holders.items():
            stamp = stamps.get(holder.player_id)
            if stamp is None:
                refused.append(holder)
                socket.refuse("suspended")
            elif (holder.page and holder.page not in valid_pages) or socket in ended:
                refused.append(holder)
                socket.refuse("signed_out")
            elif holder.stamp is None:
                # A page session, which was checked when the socket was opened.
                socket.holder = replace(holder, stamp=stamp)
            elif holder.stamp != stamp:
                socket.refuse("unavailable" if holder.page else "signed_out")
        if refused:
            sql, values = resume_tokens.delete_for_sign_ins(refused)
            await self._query(sql, *values)

    async def _find_ended(self, holders: dict[S, Holder]) -> set[S]:
        """Returns the sockets whose token families have ended."""
        sockets = {s: (h.player_id, h.family) for s, h in holders.items() if h.family}
        if not sockets or clients.is_circuit_open():
            return set()
        trusted, began = self._trusted, time.monotonic()
        try:
            are_active = await families.are_families_active(self._redis, list(sockets.values()))
            await self.detect_emptied_redis()
        except (RedisError, OSError):
            clients.record_failure(began=began)
            return set()
        clients.record_success()
        if self._trusted is not trusted:  # Redis was emptied before or during the first query
            return set()
        active = {
            socket for socket, is_active in zip(sockets, are_active, strict=True) if is_active
        }
        # A family in Redis was created after Redis was emptied, so its end can be detected.
        self._trusted -= {socket.id for socket in active}
        ended = {socket for socket in sockets if socket not in active}
        older = {s for s in ended if s.id in self._trusted or holders[s].resumed_by}
        return ended - await self._find_unrevoked(older, holders)

    async def _find_unrevoked(self, older: set[S], holders: dict[S, Holder]) -> set[S]:
        """Returns the sockets whose seats still have a resume token, which counts for their family."""
        if not older:
            return set()
        players = [holders[socket].player_id for socket in older]
        unrevoked = set(await self._query(resume_tokens.FIND_UNREVOKED, players))
        return {s for s in older if (holders[s].player_id, holders[s].family) in unrevoked}
