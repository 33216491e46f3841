"""Making tribes: new ones, changes, removal. Each locks, checks and writes as one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.models.locking import lock_player
from config.db.constraints import save_or_field_error
from config.kernel.errors import DomainError, InvalidInput, Reason
from config.kernel.text import RULES, checked
from config.kernel.validators import assign_checked
from config.limits import quotas
from tribes import config_cache
from tribes.bonuses import PRESETS, SLIDERS, Points, faults, points_of, share
from tribes.colours import USUAL, checked_colour
from tribes.models import Tribe

LONGEST_NAME = RULES["tribe_name"].longest
BONUSES = [slider.field for slider in SLIDERS]


def own(player: User) -> QuerySet[Tribe]:
    """A player's tribes by name."""
    return Tribe.objects.filter(user=player).order_by(Lower("name"))


def own_tribe(player: User, tribe_id: UUID) -> Tribe:
    """One's own tribe. Raises Http404, also for another's: they are nobody else's business."""
    tribe: Tribe = get_object_or_404(own(player), pk=tribe_id)
    return tribe


def make(*, player: User, given: Mapping[str, Any]) -> Tribe:
    """A new tribe from `name`, `archetype`, the three bonuses as shares, and `color_theme`.

    Without any bonus it has those of its archetype; without a colour it is gold. Raises DomainError: 400
    with all that is wrong, 409 for a name that the player has already; QuotaReached.
    """
    tribe = Tribe(user=player, color_theme=USUAL, **dict.fromkeys(BONUSES, share(0)))
    with transaction.atomic():
        lock_player(player)
        _fill(tribe, {"name": None, "archetype": None} | _with_preset(given))
        quotas.require_room(player.pk, "tribes")
        save_or_field_error(tribe, "tribe")
    return tribe


def change(*, player: User, tribe_id: UUID, given: Mapping[str, Any]) -> Tribe:
    """Change what was given of one's own tribe; bonuses that were not given stay as they are.

    Raises Http404 for another's, and DomainError as `make` does.
    """
    with transaction.atomic():
        tribe = _locked(player, tribe_id)
        _fill(tribe, given)
        save_or_field_error(tribe, "tribe")
        config_cache.forget_after_commit([tribe.pk])
    return tribe


def remove(*, player: User, tribe_id: UUID) -> Tribe:
    """Delete one's own tribe; answers what it was.

    Raises Http404 for another's, DomainError (409) for one that has a seat in any game, open or over.
    """
    with transaction.atomic():
        tribe = _locked(player, tribe_id)
        try:
            with transaction.atomic():
                Tribe.objects.filter(pk=tribe.pk).delete()
        except IntegrityError as error:  # the seats restrict it, in Python and in the database
            raise _kept(tribe) from error
        config_cache.forget_after_commit([tribe.pk])
    return tribe


def demand_unseated(tribe: Tribe) -> None:
    """Raise DomainError, as `remove` would, for a tribe that has a seat in a game."""
    if tribe.seats.exists():
        raise _kept(tribe)


def _kept(tribe: Tribe) -> DomainError:
    words = f"“{tribe.name}” is part of a game, now or in the past, so it can't be deleted."
    words += " You can rename it."
    return DomainError("tribe_has_played", words)


def _locked(player: User, tribe_id: UUID) -> Tribe:
    """One's own tribe, so that two changes at once are one after the other."""
    mine = own(player).select_for_update(no_key=True)
    tribe: Tribe = get_object_or_404(mine, pk=tribe_id)
    return tribe


def _with_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with its archetype's bonuses where none are named."""
    archetype = given.get("archetype")
    if any(field in given for field in BONUSES) or not isinstance(archetype, str):
        return dict(given)
    points = PRESETS.get(archetype, PRESETS["Balanced"])
    return dict(given) | {field: float(share(n)) for field, n in zip(BONUSES, points, strict=True)}


def _fill(tribe: Tribe, given: Mapping[str, Any]) -> None:
    """Put what was given into a tribe. Raises DomainError with all that is wrong."""
    reasons = assign_checked(tribe, CHECKED, given) + _fill_bonuses(tribe, given)
    if reasons:
        raise InvalidInput.combine(reasons)


def _fill_bonuses(tribe: Tribe, given: Mapping[str, Any]) -> list[Reason]:
    """Put bonuses into a tribe where they are as they should be; else all that is wrong with them."""
    shares = {field: given.get(field, float(getattr(tribe, field))) for field in BONUSES}
    points = {field: points_of(value) for field, value in shares.items()}
    wrong = [field for field in BONUSES if points[field] is None]
    if wrong:
        words = "A bonus is a number of points of 0.05 each, as 0.25 for five of them."
        return [Reason("bonus_step", words, field) for field in wrong]
    spent = Points(*(n for n in points.values() if n is not None))
    reasons = faults(spent)
    if not reasons:
        for field, n in zip(BONUSES, spent, strict=True):
            setattr(tribe, field, share(n))
    return reasons


def _archetype(value: Any) -> str:
    if not isinstance(value, str) or value not in PRESETS:
        words = f"An archetype is one of {', '.join(PRESETS)}."
        raise InvalidInput("archetype", words, field="archetype")
    return value


CHECKED = {
    "name": lambda name: checked(name, "tribe_name", "name"),
    "archetype": _archetype,
    "color_theme": checked_colour,
}
