"""What can be done to a lobby, each as steps for `store.run` and `store.run_async`.

The rules stand in `lobby`; here is what they need to know of the database, and who may call them.
"""

import secrets
from functools import partial
from typing import Any
from uuid import UUID

from config.kernel.errors import DomainError, InvalidInput
from sessions_app.kernel.statuses import OPEN_STATUSES, Status, to_sql
from sessions_app.lobby import rules
from sessions_app.lobby.rules import Lobby, Seat
from sessions_app.lobby.store import TRIBE, Change, Steps, changing, reading

# Letters and digits that nobody takes for one another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 6
OPEN = f"status IN {to_sql(OPEN_STATUSES)}"
NEWCOMER = f"""
SELECT u.username, u.level, {TRIBE}, statement_timestamp()
FROM tribes AS t JOIN users AS u ON u.id = t.user_id
WHERE t.id = %s AND t.user_id = %s AND u.is_active"""  # noqa: S608
OPEN_LOBBY = """
INSERT INTO game_sessions (map_id, is_public, seat_limit, code) VALUES (%s, %s, %s, %s) RETURNING id"""
LAST_STATE = "UPDATE game_sessions SET game_state = %s::jsonb WHERE id = %s RETURNING id"
BY_CODE = f"SELECT id FROM game_sessions WHERE code = %s AND {OPEN}"  # noqa: S608
OF_PLAYER = f"""
SELECT g.id FROM session_players AS s JOIN game_sessions AS g ON g.id = s.session_id
WHERE s.user_id = %s AND s.left_at IS NULL AND g.{OPEN}"""  # noqa: S608


def new_code() -> str:
    """An invite code: thirty bits of chance, easy to read aloud."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def read_code(text: str) -> str:
    """A code as it is kept, of one as people type it: in small letters, with spaces or hyphens."""
    return "".join(text.upper().replace("-", " ").split())


def create(
    player_id: UUID, map_id: UUID, tribe_id: UUID, *, is_public: bool = True, seats: int = 4
) -> Steps[Change]:
    """Open a lobby, as its host, on a map that this player may play on: the caller (`opening`) has looked.

    Raises DomainError: 400 for a tribe that is not one's own, 409 `already_seated`.
    """
    newcomer = yield from _newcomer(player_id, tribe_id)
    rows = yield [(OPEN_LOBBY, [map_id, is_public, seats, new_code()])]
    return (
        yield from changing(
            rows[0][0], lambda lobby, _: rules.join(lobby, newcomer, code=lobby.code)
        )
    )


def join(
    session_id: UUID, player_id: UUID, tribe_id: UUID, *, code: str | None = None
) -> Steps[Change]:
    """Take a seat. Raises DomainError as `lobby.join` does, and 400 for another's tribe."""
    newcomer = yield from _newcomer(player_id, tribe_id)
    return (
        yield from changing(session_id, lambda lobby, _: rules.join(lobby, newcomer, code=code))
    )


def join_by_code(code: str, player_id: UUID, tribe_id: UUID) -> Steps[Change]:
    """Take a seat by invite code. Raises DomainError: 404 for an unknown code, and as `join` does."""
    code = read_code(code)
    rows = yield [(BY_CODE, [code])]
    if not rows:
        raise DomainError("unknown_code", "No open lobby has this code.", field="code")
    return (yield from join(rows[0][0], player_id, tribe_id, code=code))


def leave(session_id: UUID, player_id: UUID) -> Steps[Change]:
    """Give up a seat."""
    return changing(session_id, lambda lobby, _: rules.leave(lobby, player_id))


def ready(session_id: UUID, player_id: UUID, *, is_ready: bool) -> Steps[Change]:
    """Say whether a player is ready."""
    return changing(session_id, lambda lobby, _: rules.ready(lobby, player_id, is_ready=is_ready))


def take_tribe(session_id: UUID, player_id: UUID, tribe_id: UUID) -> Steps[Change]:
    """Play with another of one's tribes."""
    newcomer = yield from _newcomer(player_id, tribe_id)
    rule = partial(rules.take_tribe, player_id=player_id, tribe=newcomer.tribe)
    return (yield from changing(session_id, lambda lobby, _: rule(lobby)))


def kick(session_id: UUID, host_id: UUID, player_id: UUID) -> Steps[Change]:
    """Remove a player for good."""
    return changing(session_id, lambda lobby, _: rules.kick(lobby, host_id, player_id))


def change_settings(
    session_id: UUID, host_id: UUID, *, is_public: bool | None = None, seats: int | None = None
) -> Steps[Change]:
    """Change who sees the lobby and how many may sit."""
    return changing(
        session_id,
        lambda lobby, _: rules.change_settings(lobby, host_id, is_public=is_public, seats=seats),
    )


def start(session_id: UUID, host_id: UUID, *, solo: bool = False) -> Steps[Change]:
    """Begin the countdown."""
    return changing(session_id, lambda lobby, now: rules.start(lobby, host_id, now, solo=solo))


def end(session_id: UUID, host_id: UUID, state: str | None = None) -> Steps[Change]:
    """End a game that has begun; its last state, as JSON, is written with it."""
    change = yield from changing(session_id, lambda lobby, _: rules.end(lobby, host_id))
    if state is not None:
        yield [(LAST_STATE, [state, session_id])]
    return change


def connect(
    session_id: UUID, player_id: UUID, connection: UUID, server: UUID | None
) -> Steps[Change]:
    """A socket takes its player's seat."""
    return changing(
        session_id,
        lambda lobby, _: rules.connect(lobby, player_id, connection, server),
        touches=False,
    )


def disconnect(session_id: UUID, player_id: UUID, connection: UUID) -> Steps[Change]:
    """A socket is lost."""
    return changing(
        session_id,
        lambda lobby, now: rules.disconnect(lobby, player_id, connection, now),
        touches=False,
    )


def stay(session_id: UUID, player_id: UUID) -> Steps[Change]:
    """A player without a socket shows signs of life."""
    return changing(session_id, lambda lobby, now: rules.stay(lobby, player_id, now), touches=False)


def tidy(session_id: UUID) -> Steps[Change]:
    """Do what is due by time alone."""
    return changing(session_id, rules.tidy, touches=False)


def seen_by(session_id: UUID, player_id: UUID | None) -> Steps[Lobby]:
    """A lobby as somebody may see it: seated, or a public one that is open, on a map that is public too.

    Raises DomainError (404) otherwise.
    """
    found = yield from reading(session_id)
    if found is not None:
        lobby, _ = found
        is_open = lobby.is_listed and lobby.status == Status.LOBBY
        if is_open or (player_id is not None and lobby.seat_of(player_id)):
            return lobby
    raise DomainError("not_found", "There is no such open lobby.")


def by_code(code: str) -> Steps[Lobby]:
    """The lobby or game that an invite code leads to. Raises DomainError (404) for an unknown code."""
    rows = yield [(BY_CODE, [read_code(code)])]
    found = (yield from reading(rows[0][0])) if rows else None
    if found is None:
        raise DomainError("unknown_code", "No open lobby has this code.", field="code")
    return found[0]


def demand_seat(session_id: UUID, player_id: UUID) -> Steps[None]:
    """Raise DomainError (404) for whoever doesn't sit in this lobby or game."""
    rows = yield [(OF_PLAYER, [player_id])]
    if (session_id,) not in rows:
        raise DomainError("not_seated", "You don't sit here.")


def active(player_id: UUID) -> Steps[Lobby]:
    """The lobby or game that a player sits in. Raises DomainError (404) without one."""
    rows = yield [(OF_PLAYER, [player_id])]
    found = (yield from reading(rows[0][0])) if rows else None
    if found is None:
        raise DomainError("not_seated", "You sit in no lobby and no game.")
    return found[0]


def _newcomer(player_id: UUID, tribe_id: UUID) -> Steps[Seat]:
    """A seat for a player with a tribe of the player's own, not yet held by a socket."""
    rows: list[tuple[Any, ...]] = yield [(NEWCOMER, [tribe_id, player_id])]
    if not rows:
        words = "Choose one of your own tribes."
        raise InvalidInput("unknown_tribe", words, field="tribe_id")
    username, level, tribe, now = rows[0]
    return Seat(player_id, username, level, tribe, joined_at=now, lost_at=now)
