"""Actions of players on their tribes. Each locks, checks and writes in one transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.models.users import lock_player
from config.db.constraints import save_with_unique_name
from config.db.functions import sort_key
from config.db.lookups import get_or_not_found
from config.kernel.errors import DomainError, InvalidInput, Reason
from config.kernel.text import TEXT_RULES, check_text
from config.kernel.validators import assign_checked
from config.limits import quotas
from tribes import config_cache
from tribes.bonuses import PRESETS, SLIDERS, Points, bonus_of, find_faults, points_of
from tribes.colours import DEFAULT_COLOUR, check_colour
from tribes.models import Tribe

MAX_NAME_LENGTH = TEXT_RULES["tribe_name"].max_length
BONUS_FIELDS = [slider.field for slider in SLIDERS]


UsageCheck = Callable[[Tribe], bool]
_usage_checks: list[UsageCheck] = []


def register_usage_check(is_used: UsageCheck) -> None:
    """Registers a check whether another app uses a tribe, which then can't be deleted."""
    _usage_checks.append(is_used)


def own_tribes(player: User) -> QuerySet[Tribe]:
    """Returns a player's tribes by name."""
    return Tribe.objects.filter(user=player).order_by(sort_key("name"), "pk")


def find_own_tribe(player: User, tribe_id: UUID) -> Tribe:
    """Returns the player's own tribe. Raises NotFound, also for another player's tribe."""
    return get_or_not_found(own_tribes(player), pk=tribe_id)


def create_tribe(*, player: User, given: Mapping[str, Any]) -> Tribe:
    """Creates a tribe from `name`, `archetype`, the three bonuses as shares, and `color_theme`.

    The default bonuses are those of the archetype, the default colour is gold. Raises InvalidInput with all
    faults; DomainError if another tribe of the player has the name; QuotaReached.
    """
    tribe = Tribe(
        user=player, color_theme=DEFAULT_COLOUR, **dict.fromkeys(BONUS_FIELDS, bonus_of(0))
    )
    with transaction.atomic():
        lock_player(player)
        _assign(tribe, {"name": None, "archetype": None} | _with_preset(given))
        quotas.require_room(player.pk, "tribes")
        save_with_unique_name(tribe, "tribe")
    return tribe


def change_tribe(*, player: User, tribe_id: UUID, given: Mapping[str, Any]) -> Tribe:
    """Changes the given fields of the player's own tribe.

    Raises NotFound for another player's tribe, and the errors of `create_tribe`.
    """
    with transaction.atomic():
        tribe = _lock_own_tribe(player, tribe_id)
        _assign(tribe, given)
        save_with_unique_name(tribe, "tribe")
        config_cache.invalidate_after_commit([tribe.pk])
    return tribe


def delete_tribe(*, player: User, tribe_id: UUID) -> Tribe:
    """Deletes the player's own tribe. Returns the tribe as it was.

    Raises NotFound for another player's tribe, DomainError for a tribe that is or was used in a game.
    """
    with transaction.atomic():
        tribe = _lock_own_tribe(player, tribe_id)
        try:
            with transaction.atomic():
                Tribe.objects.filter(pk=tribe.pk).delete()
        except IntegrityError as error:  # rows of another app refer to it
            raise _in_use_error(tribe) from error
        config_cache.invalidate_after_commit([tribe.pk])
    return tribe


def require_deletable(tribe: Tribe) -> None:
    """Raises the error of `delete_tribe` for a tribe that is used."""
    if any(is_used(tribe) for is_used in _usage_checks):
        raise _in_use_error(tribe)


def _in_use_error(tribe: Tribe) -> DomainError:
    detail = f"“{tribe.name}” is part of a game, now or in the past, so it can't be deleted."
    return DomainError("tribe_has_played", f"{detail} You can rename it.")


def _lock_own_tribe(player: User, tribe_id: UUID) -> Tribe:
    """Returns the player's own tribe, locked until the transaction ends."""
    return get_or_not_found(own_tribes(player).select_for_update(no_key=True), pk=tribe_id)


def _with_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the given fields. If they have no bonuses, those of the archetype are added."""
    archetype = given.get("archetype")
    if any(field in given for field in BONUS_FIELDS) or not isinstance(archetype, str):
        return dict(given)
    points = PRESETS.get(archetype, PRESETS["Balanced"])
    return dict(given) | {
        field: float(bonus_of(n)) for field, n in zip(BONUS_FIELDS, points, strict=True)
    }


def _assign(tribe: Tribe, given: Mapping[str, Any]) -> None:
    """Assigns the given fields to a tribe. Raises InvalidInput with all faults."""
    reasons = assign_checked(tribe, CHECKS, given) + _assign_bonuses(tribe, given)
    if reasons:
        raise InvalidInput.combine(reasons)


def _assign_bonuses(tribe: Tribe, given: Mapping[str, Any]) -> list[Reason]:
    """Assigns the given bonuses to a tribe if all are valid. Returns their faults."""
    shares = {field: given.get(field, float(getattr(tribe, field))) for field in BONUS_FIELDS}
    points = {field: points_of(value) for field, value in shares.items()}
    wrong = [field for field in BONUS_FIELDS if points[field] is None]
    if wrong:
        detail = "A bonus is a multiple of 0.05, which is one point: 0.25 is five points."
        return [Reason("bonus_step", detail, field) for field in wrong]
    spent = Points(*(n for n in points.values() if n is not None))
    reasons = find_faults(spent)
    if not reasons:
        for field, n in zip(BONUS_FIELDS, spent, strict=True):
            setattr(tribe, field, bonus_of(n))
    return reasons


def _check_archetype(value: Any) -> str:
    if not isinstance(value, str) or value not in PRESETS:
        detail = f"An archetype is one of {', '.join(PRESETS)}."
        raise InvalidInput("archetype", detail, field="archetype")
    return value


CHECKS = {
    "name": lambda name: check_text(name, "tribe_name", "name"),
    "archetype": _check_archetype,
    "color_theme": check_colour,
}
