"""Making maps: new ones, changes, publishing, removing. Each locks, checks and writes as one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.moderation.actions import require_not_suspended
from config.kernel.errors import DomainError, InvalidInput, Reason
from config.kernel.text import checked as checked_text
from config.limits import quotas
from maps.editing.locks import lock_storage
from maps.editing.text_rules import checked_description
from maps.models import GameMap
from maps.models.querysets import BULKY
from maps.previews import preview_files
from maps.terrain.validation import PARTS, Fault, Report, check

if TYPE_CHECKING:
    from accounts.models import User

WORDS: dict[str, Callable[[Any], str | None]] = {
    "name": lambda name: checked_text(name, "map_name", "name"),
    "description": checked_description,
}
# Columns that follow from the others.
FROM_PARTS = {"terrain_hash", "terrains", "found_valid_at"}
# An entity tag of a map begins with its version. A proxy that compresses may have made it weak; the
# version in it still says exactly which state the author was editing.
TAG = re.compile(r'"(\d{1,10})\.[^"]*"')


def draft(*, author: "User", given: Mapping[str, Any]) -> GameMap:
    """A new private map, checked and not saved yet. Raises DomainError (400) with all reasons."""
    game_map = GameMap(user=author, is_public=False)
    _fill(game_map, given)
    return game_map


def add(game_map: GameMap) -> None:
    """Save a new map. Raises QuotaReached where its author has too many already, or too large ones."""
    with transaction.atomic():
        lock_storage(game_map.user_id)
        quotas.require_room(game_map.user_id, "maps", "drafts")
        with quotas.limited_growth(game_map.user_id, "map_bytes"):
            game_map.save()
        preview_files.foresee(game_map)


def change(
    *, author: "User", map_id: UUID, given: Mapping[str, Any], if_match: str | None = None
) -> GameMap:
    """Change what was given of one's own map, and check the whole; answers the map as it is now.

    Raises Http404 for another's map; DomainError: 412 when somebody saved meanwhile, 400 for what can't
    be stored, 409 where a public map would be valid no more, 403 while suspended from publishing;
    QuotaReached where the author's maps would need more space than there is. A map that was played keeps
    its former version for its games, so that any other version of it needs more.
    """
    with transaction.atomic(), _limited_size(author, given):
        game_map = _lock_own(author, map_id, if_match)
        if game_map.is_public:  # a change of it is published with it
            require_not_suspended(author, "publishing")
        before = game_map.terrain_hash
        columns = _fill(game_map, given)
        game_map.save(update_fields=columns)
        if columns & FROM_PARTS and game_map.terrain_hash == before:
            # The same terrain in another order of tiles: the database took it for one made by hand.
            game_map.save(update_fields=["terrain_hash", "terrains"])
        game_map.refresh_from_db(fields=["version"])
        if columns & FROM_PARTS:
            preview_files.foresee(game_map)
    return game_map


def remove(*, author: "User", map_id: UUID, if_match: str | None = None) -> None:
    """Delete one's own map. One that was played is kept for its games, and shows no more.

    Raises Http404 for another's map, DomainError (412) when somebody saved meanwhile.
    """
    with transaction.atomic():
        # The stronger lock makes a game that is being opened wait, so that it finds the map gone.
        game_map = _lock_own(author, map_id, if_match, without=BULKY, no_key=False)
        try:
            with transaction.atomic():
                game_map.delete()
        except IntegrityError:  # games point to it; who they belong to is not known here
            game_map.removed_at = timezone.now()
            _make_private(game_map, "removed_at")


def publish(*, author: "User", map_id: UUID, if_match: str | None = None) -> GameMap:
    """Show one's own map to everybody. Nothing happens to one that is public.

    Raises Http404 for another's map; DomainError: 412 when somebody saved meanwhile, 403 while suspended
    from publishing, 409 for a map that moderators hide, or, with all reasons, for one not valid.
    """
    with transaction.atomic():
        game_map = _lock_own(author, map_id, if_match)
        require_not_suspended(author, "publishing")
        if game_map.hidden_at:
            raise DomainError("map_hidden", "A moderator has hidden this map.")
        _refuse_faults(check(_document(game_map, {})).faults)
        game_map.is_public, game_map.found_valid_at = True, timezone.now()
        game_map.save(update_fields=["is_public", "found_valid_at"])
        preview_files.foresee(game_map)
    return game_map


def unpublish(*, author: "User", map_id: UUID, if_match: str | None = None) -> GameMap:
    """Make one's own map private; its stars stay, and games go on.

    Also beyond the quota of private maps: this is how an author takes something back.

    Raises Http404 for another's map, DomainError (412) when somebody saved meanwhile.
    """
    with transaction.atomic():
        game_map = _lock_own(author, map_id, if_match, without=BULKY)
        _make_private(game_map)
    return game_map


def demand_playable(game_map: GameMap) -> None:
    """See that a map may be played. One of which that is not known is checked now, once.

    Raises Http404 for a map that is gone; DomainError (409 `map_not_playable`) with all that is wrong.
    """
    if game_map.is_playable:
        return
    if game_map.hidden_at:
        words = "This map can't be played: a moderator has hidden it."
        raise DomainError("map_not_playable", words, field="map_id")
    whole = get_object_or_404(GameMap.objects.defer("search"), pk=game_map.pk)
    if reasons := _reasons(check(_document(whole, {})).faults):
        words = f"This map can't be played yet. {reasons[0].detail}"
        raise DomainError.combine([Reason("map_not_playable", words, "map_id"), *reasons])
    checked = GameMap.objects.filter(pk=whole.pk, version=whole.version)
    checked.update(found_valid_at=timezone.now())


@contextmanager
def _limited_size(author: "User", given: Mapping[str, Any]) -> Iterator[None]:
    """Run a change of a map, whose document may grow where a part of it is given. Raises QuotaReached."""
    if given.keys().isdisjoint(PARTS):
        yield
        return
    lock_storage(author.pk)
    with quotas.limited_growth(author.pk, "map_bytes"):
        yield


def _make_private(game_map: GameMap, *more: str) -> None:
    """What was public is valid, and remains so for the games on it."""
    if game_map.is_public and not game_map.found_valid_at:
        game_map.found_valid_at = timezone.now()
    game_map.is_public = False
    game_map.save(update_fields=["is_public", "found_valid_at", *more])


def _lock_own(
    author: "User",
    map_id: UUID,
    if_match: str | None,
    *,
    without: Iterable[str] = ("search",),
    no_key: bool = True,
) -> GameMap:
    """One's own map, locked: of two saves with the same tag the second finds another version.

    `without` names columns that are not needed; the weaker lock lets players open games meanwhile.
    """
    locked = GameMap.objects.own(author).select_for_update(no_key=no_key).defer(*without)
    game_map: GameMap = get_object_or_404(locked, pk=map_id)
    game_map.user = author
    named = if_match is None or if_match.strip() == "*"
    if not named and str(game_map.version) not in TAG.findall(if_match or ""):
        words = "The map was changed meanwhile. Load it again; nothing of yours was saved."
        raise DomainError("precondition_failed", words)
    return game_map


def _fill(game_map: GameMap, given: Mapping[str, Any]) -> set[str]:
    """Put what was given into a map and check the whole; answers the columns that this touches.

    Raises DomainError with all reasons: 400 for what can't be stored, 409 for a public map with faults.
    """
    reasons: list[Reason] = []
    for name, checked in WORDS.items():
        try:
            if name in given:
                setattr(game_map, name, checked(given[name]))
        except DomainError as refusal:
            reasons += refusal.reasons
    document = _document(game_map, given)
    report = check(document)
    reasons += _reasons(fault for fault in report.faults if not fault.unfinished)
    if reasons:
        raise InvalidInput.combine(reasons)
    if game_map.is_public:
        _refuse_faults(report.faults)
    _settle(game_map, document, report)
    changed = given.keys() & {*WORDS, *PARTS}
    return changed | FROM_PARTS if changed & set(PARTS) else set(changed)


def _settle(game_map: GameMap, document: dict[str, Any], report: Report) -> None:
    """Put a document that was checked into a map, with the columns that follow from it."""
    assert report.grid
    assert report.spawn
    assert report.goal
    for part, value in document.items():
        setattr(game_map, part, value)
    game_map.width, game_map.height = report.grid.width, report.grid.height
    game_map.terrain_hash = report.grid.content_hash(report.spawn, report.goal)
    game_map.terrains = report.grid.terrains
    game_map.found_valid_at = timezone.now() if report.is_valid else None


def _document(game_map: GameMap, given: Mapping[str, Any]) -> dict[str, Any]:
    """A map's document, with what was given in place of what is stored."""
    return {part: given[part] if part in given else getattr(game_map, part) for part in PARTS}


def _reasons(faults: Iterable[Fault]) -> list[Reason]:
    return [Reason(fault.code, fault.detail, fault.place) for fault in faults]


def _refuse_faults(faults: Iterable[Fault]) -> None:
    if reasons := _reasons(faults):
        raise DomainError.combine(reasons)
