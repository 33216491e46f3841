"""Actions of authors on their maps. Each locks, checks and writes in one transaction."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.moderation.actions import require_not_suspended
from config.db.lookups import get_or_not_found
from config.kernel.errors import AccessDenied, DomainError, InvalidInput, Reason
from config.kernel.text import check_text
from config.kernel.validators import assign_checked
from config.limits import quotas, rate_limits
from maps.models import GameMap
from maps.models.conditions import LARGE_COLUMNS
from maps.previews import preview_files
from maps.terrain.faults import Fault
from maps.terrain.validation import (
    DOCUMENT_KEYS,
    ValidationReport,
    read_document,
    validate_document,
)

TEXT_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "name": lambda name: check_text(name, "map_name", "name"),
    "description": lambda text: (
        None if text is None else check_text(text, "map_description", "description") or None
    ),
}
STORAGE_LOCK_SPACE = 77002  # of advisory locks; config.redis.read_through uses another
# Columns that are computed from the document.
DERIVED_COLUMNS = {"terrain_hash", "terrains", "found_valid_at"}
# The entity tag of a map begins with its version. A proxy that compresses may have made the tag weak, but the
# version still identifies the state that the author was editing.
VERSION_TAG = re.compile(r'"(\d{1,10})\.[^"]*"')


def create_map(*, author: User, given: Mapping[str, Any]) -> GameMap:
    """Creates a private map. Failed attempts do not count for the rate limit.

    Raises InvalidInput with all reasons, RateLimited, RateLimitUnavailable; QuotaReached if its author has
    too many maps, or too large ones.
    """
    game_map = GameMap(user=author, is_public=False)
    _assign(game_map, given)
    with rate_limits.require_if_successful("maps", str(author.pk)), transaction.atomic():
        lock_storage(author.pk)
        quotas.require_room(author.pk, "maps", "drafts")
        with quotas.limit_growth(author.pk, "map_bytes"):
            game_map.save()
        preview_files.draw_in_advance(game_map)
    return game_map


def change_map(
    *, author: User, map_id: UUID, given: Mapping[str, Any], if_match: str | None = None
) -> GameMap:
    """Changes the given fields of the author's own map, and validates it. Returns the changed map.

    Raises like `_lock_own_map`; RateLimited, RateLimitUnavailable; InvalidInput for what can't be stored;
    QuotaReached if the author's maps would exceed the quota; DomainError if a public map would become
    invalid, or while the author is suspended from publishing. The version of a map that was played remains
    for its games, so the new version needs additional space.
    """
    rate_limits.require("map_changes", str(author.pk))
    with transaction.atomic(), _limit_size(author, given):
        game_map = _lock_own_map(author, map_id, if_match)
        if game_map.is_public:  # the change is published at once
            require_not_suspended(author, "publishing")
        before = game_map.terrain_hash
        columns = _assign(game_map, given)
        game_map.save(update_fields=columns)
        if columns & DERIVED_COLUMNS and game_map.terrain_hash == before:
            # The tiles have another order, but the terrain is the same. A trigger cannot tell this from a
            # manual change, and clears these columns.
            game_map.save(update_fields=["terrain_hash", "terrains"])
        game_map.refresh_from_db(fields=["version"])
        if columns & DERIVED_COLUMNS:
            preview_files.draw_in_advance(game_map)
    return game_map


def delete_map(*, author: User, map_id: UUID, if_match: str | None = None) -> None:
    """Deletes the author's own map. One that was played remains for its games, but is not shown.

    Raises like `_lock_own_map`.
    """
    with transaction.atomic():
        # The stronger lock blocks the creation of a lobby on this map until the map is deleted.
        game_map = _lock_own_map(author, map_id, if_match, without=LARGE_COLUMNS, no_key=False)
        try:
            with transaction.atomic():
                game_map.delete()
        except IntegrityError:  # rows of another app, such as games, refer to it
            game_map.removed_at = timezone.now()
            _make_private(game_map, "removed_at")


def publish_map(*, author: User, map_id: UUID, if_match: str | None = None) -> GameMap:
    """Publishes the author's own map. Does nothing if it is public already.

    Raises like `_lock_own_map`; DomainError while the author is suspended from publishing, for a hidden map,
    and with all reasons for an invalid one.
    """
    with transaction.atomic():
        game_map = _lock_own_map(author, map_id, if_match)
        require_not_suspended(author, "publishing")
        if game_map.hidden_at:
            raise DomainError("map_hidden", "A moderator has hidden this map.")
        _require_no_faults(validate_document(read_document(game_map)).faults)
        game_map.is_public, game_map.found_valid_at = True, timezone.now()
        game_map.save(update_fields=["is_public", "found_valid_at"])
        preview_files.draw_in_advance(game_map)
    return game_map


def unpublish_map(*, author: User, map_id: UUID, if_match: str | None = None) -> GameMap:
    """Makes the author's own map private. Its ratings remain, and games on it continue.

    The quota of private maps does not apply, because an author can always withdraw a map. Raises like
    `_lock_own_map`.
    """
    with transaction.atomic():
        game_map = _lock_own_map(author, map_id, if_match, without=LARGE_COLUMNS)
        _make_private(game_map)
    return game_map


def require_playable(game_map: GameMap) -> None:
    """Raises DomainError with all reasons why a map can't be played, NotFound if it was deleted since.

    A map that has not been validated yet is validated now, and the result is stored.
    """
    if game_map.is_playable:
        return
    if game_map.hidden_at:
        detail = "This map can't be played: a moderator has hidden it."
        raise DomainError("map_not_playable", detail, field="map_id")
    full_map = get_or_not_found(GameMap.objects.defer("search"), pk=game_map.pk)
    if reasons := _reasons(validate_document(read_document(full_map)).faults):
        detail = f"This map can't be played yet. {reasons[0].detail}"
        raise DomainError.combine([Reason("map_not_playable", detail, "map_id"), *reasons])
    checked = GameMap.objects.filter(pk=full_map.pk, version=full_map.version)
    checked.update(found_valid_at=timezone.now())


def lock_storage(player_id: UUID) -> None:
    """Blocks other transactions that store maps of this player, until this transaction ends.

    Must be acquired before any row is locked. A lock on the player's row could deadlock: a change of a map
    updates the lobbies on it, and a player who joins one of them locks first the lobby, then the player.
    """
    with connection.cursor() as cursor:
        sql = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
        cursor.execute(sql, [STORAGE_LOCK_SPACE, str(player_id)])


@contextmanager
def _limit_size(author: User, given: Mapping[str, Any]) -> Iterator[None]:
    """Applies the quota to a change of a map that may enlarge its document. Raises QuotaReached."""
    if given.keys().isdisjoint(DOCUMENT_KEYS):
        yield
        return
    lock_storage(author.pk)
    with quotas.limit_growth(author.pk, "map_bytes"):
        yield


def _make_private(game_map: GameMap, *more_fields: str) -> None:
    """Makes a map private. It stays marked as valid, for the games on it."""
    if game_map.is_public and not game_map.found_valid_at:
        game_map.found_valid_at = timezone.now()
    game_map.is_public = False
    game_map.save(update_fields=["is_public", "found_valid_at", *more_fields])


def _lock_own_map(
    author: User,
    map_id: UUID,
    if_match: str | None,
    *,
    without: Iterable[str] = ("search",),
    no_key: bool = True,
) -> GameMap:
    """Locks the author's own map, so that the second of two saves with the same tag fails.

    `without` names columns that are not needed. The weaker lock (`no_key`) does not block new lobbies on the
    map. Raises NotFound for a map that the player can't see, AccessDenied for that of another player,
    DomainError if its version is not that of `if_match`.
    """
    locked = GameMap.objects.owned_by(author).select_for_update(no_key=no_key).defer(*without)
    game_map = locked.filter(pk=map_id).first()
    if game_map is None:
        of_others = GameMap.objects.visible_to(author).exclude(user=author.pk)
        get_or_not_found(of_others.only("pk"), pk=map_id)
        raise AccessDenied("permission_denied", "Only its author can change a map.")
    game_map.user = author
    accepts_any = if_match is None or if_match.strip() == "*"
    if not accepts_any and str(game_map.version) not in VERSION_TAG.findall(if_match or ""):
        detail = "The map has been changed since you loaded it. Load it again. Nothing was saved."
        raise DomainError("precondition_failed", detail)
    return game_map


def _assign(game_map: GameMap, given: Mapping[str, Any]) -> set[str]:
    """Assigns the given fields to a map and validates it. Returns the columns to save.

    Raises InvalidInput with all reasons why it can't be stored, DomainError for a public map with faults.
    """
    reasons = assign_checked(game_map, TEXT_CHECKS, given)
    document = read_document(game_map)
    document |= {part: given[part] for part in DOCUMENT_KEYS if part in given}
    report = validate_document(document)
    reasons += _reasons(fault for fault in report.faults if not fault.is_allowed_in_drafts)
    if reasons:
        raise InvalidInput.combine(reasons)
    if game_map.is_public:
        _require_no_faults(report.faults)
    _assign_document(game_map, document, report)
    changed = given.keys() & {*TEXT_CHECKS, *DOCUMENT_KEYS}
    return changed | DERIVED_COLUMNS if changed & set(DOCUMENT_KEYS) else set(changed)


def _assign_document(game_map: GameMap, document: dict[str, Any], report: ValidationReport) -> None:
    """Assigns a checked document to a map, with the columns that are computed from it."""
    assert report.grid
    assert report.spawn
    assert report.goal
    for part, value in document.items():
        setattr(game_map, part, value)
    game_map.width, game_map.height = report.grid.width, report.grid.height
    game_map.terrain_hash = report.grid.content_hash(report.spawn, report.goal)
    game_map.terrains = report.grid.terrain_mask
    game_map.found_valid_at = timezone.now() if report.is_valid else None


def _reasons(faults: Iterable[Fault]) -> list[Reason]:
    return [Reason(fault.code, fault.detail, fault.place) for fault in faults]


def _require_no_faults(faults: Iterable[Fault]) -> None:
    if reasons := _reasons(faults):
        raise DomainError.combine(reasons)
