"""Whether those who sit at sockets are still signed in: not banned, not erased, not signed out.

A sign-in is a token family (Redis) or a page's session (PostgreSQL). A Redis that was emptied knows no
family any more, and has ended none: each process keeps its name in a set there, and finds it gone. Who
was here by then keeps the socket; who comes later, with a ticket made since, can be signed out again.
Tickets are in the same Redis: one that is there was made after the emptying, by a family of then.
"""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from redis.exceptions import RedisError

from accounts.tokens import families
from accounts.tokens.signing import stamp
from config.kernel.errors import DomainError
from config.redis import clients
from sessions_app.live.protocol import LAST_WORDS
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.store import Change, Steps

if TYPE_CHECKING:
    from sessions_app.live.hub import Hub
    from sessions_app.live.sockets import SeatSocket
    from sessions_app.live.tickets import Holder

PROCESSES = "lobby:servers"  # a set, gone when Redis was emptied
SECONDS = 24 * 3600
GOOD_PLAYERS = """
SELECT id, times_closed, password_hash FROM users WHERE id = ANY(%s) AND is_active"""
ACCOUNT = "SELECT times_closed, password_hash FROM users WHERE id = %s AND is_active"
GOOD_PAGES = "SELECT session_key FROM page_sessions WHERE session_key = ANY(%s)"
OLD_PAGES = "DELETE FROM page_sessions WHERE expire_date < statement_timestamp()"
# Whether this process is in the set, and each family in force: one command, where a pipeline of a
# thousand would keep the event loop busy for a tenth of a second.
IN_FORCE = """
local answers = {redis.call('SISMEMBER', KEYS[1], ARGV[1])}
for n = 2, #KEYS do answers[n] = redis.call('HEXISTS', KEYS[n], ARGV[n]) end
return answers
"""


def demand_signed_in(holder: "Holder") -> Steps[None]:
    """Steps that look whether a holder's account is what it was when the ticket was made.

    They are part of the transaction that takes the seat. Raises DomainError, by codes of
    `protocol.LAST_WORDS`: `suspended` for a player who was banned or erased, `signed_out` for one who has
    another password, or whose token family has ended.
    """
    rows = yield [(ACCOUNT, [holder.player_id])]
    if not rows:
        raise _last_word("suspended")
    is_other = holder.stamp is not None and holder.stamp != stamp(*rows[0])
    if is_other or holder.has_ended:
        raise _last_word("signed_out")


def _last_word(code: str) -> DomainError:
    return DomainError(code, LAST_WORDS[code][1])


def take_seat(holder: "Holder", session_id: UUID, connection: UUID, server: UUID) -> Steps[Change]:
    """A socket takes the seat of its holder, who must still be signed in. Raises DomainError."""
    yield from demand_signed_in(holder)
    return (yield from lobby_actions.connect(session_id, holder.player_id, connection, server))


class SignIns:
    """The sign-ins of a hub's sockets."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.trusted: set[UUID] = set()  # sockets whose families an emptied Redis forgot
        self.in_force = hub.redis.register_script(IN_FORCE)

    async def note_emptied(self) -> None:
        """See whether Redis was emptied since the last look. Raises RedisError.

        Asked for each newcomer too, before it counts as being here.
        """
        if await self.hub.redis.sadd(PROCESSES, str(self.hub.id)):
            self.trusted = set(self.hub.holding)
            await self.hub.redis.expire(PROCESSES, SECONDS)

    async def clear(self) -> None:
        """Once in a while: remove pages' sessions that are over, and keep the set from ending by age."""
        await self.hub.ask(OLD_PAGES)
        if not clients.is_circuit_open():
            await self.hub.redis.expire(PROCESSES, SECONDS)

    async def check(self, holders: "dict[SeatSocket, Holder]") -> None:
        """Show out who was banned or erased, or whose sign-in has ended.

        The stamp of an account tells of what befell it between two looks, and of passwords that were set
        without ending sign-ins, as in psql. A page may have set the password itself, and stay signed in:
        its socket comes back, and is let in by what its cookie is worth then.
        """
        players = [holder.player_id for holder in holders.values()]
        stamps = {row[0]: stamp(*row[1:]) for row in await self.hub.ask(GOOD_PLAYERS, players)}
        pages = [holder.page for holder in holders.values() if holder.page]
        good_pages = {row[0] for row in await self.hub.ask(GOOD_PAGES, pages)} if pages else set()
        ended = await self._ended(holders)
        for socket, holder in holders.items():
            now = stamps.get(holder.player_id)
            if now is None:
                socket.refuse("suspended")
            elif (holder.page and holder.page not in good_pages) or socket in ended:
                socket.refuse("signed_out")
            elif holder.stamp is None:  # of a page, which was looked at a moment ago
                socket.holder = replace(holder, stamp=now)
            elif holder.stamp != now:
                socket.refuse("unavailable" if holder.page else "signed_out")

    async def _ended(self, holders: "dict[SeatSocket, Holder]") -> "set[SeatSocket]":
        """Those whose token family has ended."""
        asked = [(s, holder) for s, holder in holders.items() if holder.family]
        if not asked or clients.is_circuit_open():
            return set()
        keys = [families.families_key(holder.player_id) for _, holder in asked]
        names = [str(holder.family) for _, holder in asked]
        try:
            was_kept, *in_force = await self.in_force(
                keys=[PROCESSES, *keys], args=[str(self.hub.id), *names]
            )
            if not was_kept:
                await self.note_emptied()
                return set()
        except (RedisError, OSError):
            clients.record_failure()
            return set()
        pairs = list(zip(asked, in_force, strict=True))
        # Whoever Redis knows, signed in since it was emptied, and can be signed out again.
        self.trusted -= {socket.id for (socket, _), good in pairs if good}
        return {s for (s, _), good in pairs if not good and s.id not in self.trusted}
