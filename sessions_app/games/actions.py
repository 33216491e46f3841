"""Actions on a game's state: claiming it, writing it, and ending the game."""

import contextlib
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import F
from redis.exceptions import RedisError

from accounts.models import User
from config.kernel.errors import DomainError, InvalidInput
from sessions_app.games import state_store
from sessions_app.games.queries import find_started_game, is_game_server
from sessions_app.games.state_store import MISSING_KEY, STALE_FENCE
from sessions_app.kernel.statuses import RUNNING_STATUSES
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.entities import LobbyChange
from sessions_app.lobby.transactions import run
from sessions_app.models import GameSession

MAX_STATE_BYTES = 256 * 1024  # of JSON


def claim_state(game_id: UUID, player: User) -> int:
    """Makes the player the writer of a game's state. Returns the fence for writes.

    Raises DomainError: `not_found`, `not_started`, `over`, `not_host` for all but the host and game servers;
    RateLimitUnavailable.
    """
    _require_writer(find_started_game(game_id, player), player)
    games = GameSession.objects.filter(pk=game_id)
    with transaction.atomic():  # locks the row, so that two claims never get the same number
        games.update(fence=F("fence") + 1)
        fence: int = games.values_list("fence", flat=True).get()
    state_store.write(game_id, fence, "")
    return fence


def write_state(game_id: UUID, player: User, *, fence: int, state: Any) -> int:
    """Writes a game's state. Returns the number of writes.

    Raises DomainError: like `claim_state`, `stale_fence` if another writer has claimed the state,
    `state_too_large`; InvalidInput for integers beyond 64 bits; RateLimitUnavailable.
    """
    game = find_started_game(game_id, player)
    _require_writer(game, player)
    text = _encode(state)
    sequence = STALE_FENCE
    if fence == game.fence:
        sequence = state_store.write(game_id, fence, text, condition="existing")
    if sequence == MISSING_KEY:  # Redis was emptied, or the game has ended since it was read
        game = find_started_game(game_id, player)
        _require_writer(game, player)
        sequence = STALE_FENCE
        if fence == game.fence:
            sequence = state_store.write(game_id, fence, text)
    if sequence == STALE_FENCE:
        detail = "Another writer has replaced you. Claim the state to write again."
        raise DomainError("stale_fence", detail)
    return sequence


def end_game(game_id: UUID, host: User) -> LobbyChange:
    """Ends a game: writes its last state to the database, then deletes it from Redis.

    Raises like `rules.end`.
    """
    try:
        # Other writers are refused: their writes would be lost with the key.
        claim_state(game_id, host)
        last_state = state_store.read_json(game_id)
    except (RedisError, DomainError):
        # The database has the state of a few seconds ago. If the claim was refused, `end` fails, too.
        last_state = None
    change = run(lobby_actions.end, game_id, host.pk, last_state=last_state)
    with contextlib.suppress(RedisError):  # the key expires
        state_store.delete(game_id)
    return change


def _encode(state: Any) -> str:
    try:
        text = state_store.encode(state)
    except orjson.JSONEncodeError as error:
        detail = "Integers in a state have up to 64 bits."
        raise InvalidInput("invalid", detail, field="state") from error
    if len(text.encode()) > MAX_STATE_BYTES:
        raise DomainError("state_too_large", "A state has up to 256 KiB.", field="state")
    return text


def _require_writer(game: GameSession, player: User) -> None:
    if game.status not in RUNNING_STATUSES:
        raise DomainError("over", "This game is over.")
    is_host = game.seats.filter(user=player, is_host=True).exists()
    if not (is_host or is_game_server(player)):
        raise DomainError("not_host", "Only the host's client writes the state.")
