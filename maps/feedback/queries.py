"""Ratings and favourites for display."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count

from accounts.models import Viewer
from maps.feedback.rules import MAX_STARS, MIN_STARS, find_rating_error
from maps.models import GameMap, MapRating
from maps.search.conditions import viewer_condition

MARKS_SQL = "SELECT m.id::text, {favourite}, {played} FROM unnest(%s::uuid[]) AS m (id)"


@dataclass(frozen=True)
class Marks:
    """The marks of a map for one player: whether it is a favourite, and whether the player played it."""

    favourite: bool = False
    played: bool = False


@dataclass(frozen=True)
class HistogramBar:
    """The number of ratings with `stars` stars, and their share of all ratings in percent."""

    stars: int
    count: int
    percent: float


@dataclass(frozen=True)
class RatingPanel:
    """The ratings of a map, and what a viewer may do about them.

    Mean and number are those of the histogram. Another player may rate between two queries, but all values on
    a page agree.
    """

    histogram: list[HistogramBar]
    own_stars: int | None  # the viewer's rating
    is_author: bool
    may_rate: bool

    @property
    def rating_count(self) -> int:
        """The number of ratings."""
        return sum(row.count for row in self.histogram)

    @property
    def rating(self) -> Decimal:
        """The mean of the ratings, rounded like that in the table of maps; 0 without any."""
        total = sum(row.stars * row.count for row in self.histogram)
        mean = Decimal(total) / max(1, self.rating_count)
        return mean.quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def choices(self) -> list[tuple[int, bool]]:
        """Each number of stars, and whether the viewer's rating is at least that."""
        given = self.own_stars or 0
        return [(stars, stars <= given) for stars in range(MIN_STARS, MAX_STARS + 1)]


def rating_panel(viewer: Viewer, game_map: GameMap) -> RatingPanel:
    """Returns the ratings of a map for a viewer."""
    own_stars = None
    if viewer.is_authenticated:
        own = MapRating.objects.filter(map=game_map, user=viewer.pk)
        own_stars = own.values_list("stars", flat=True).first()
    return RatingPanel(
        rating_histogram(game_map) if game_map.rating_count else [],
        own_stars,
        is_author=game_map.user_id == viewer.pk,
        may_rate=viewer.is_authenticated and find_rating_error(viewer.pk, game_map) is None,
    )


def rating_histogram(game_map: GameMap) -> list[HistogramBar]:
    """Returns the number of ratings by stars, five stars first; nothing without ratings."""
    counts = dict(
        MapRating.objects.filter(map=game_map)
        .order_by()
        .values_list("stars")
        .annotate(count=Count("pk"))
    )
    total = sum(counts.values())
    if not total:
        return []
    return [
        HistogramBar(stars, counts.get(stars, 0), round(100 * counts.get(stars, 0) / total, 1))
        for stars in range(MAX_STARS, MIN_STARS - 1, -1)
    ]


def find_marks(viewer_id: UUID | str | None, map_ids: Collection[str]) -> dict[str, Marks]:
    """Returns the marks of maps for a player, by the maps' ids; nothing without a player."""
    if viewer_id is None or not map_ids:
        return {}
    favourite, played = viewer_condition("favourite"), viewer_condition("played")
    sql = MARKS_SQL.format(favourite=favourite, played=played)
    with connection.cursor() as cursor:
        cursor.execute(sql, [viewer_id, viewer_id, list(map_ids)])
        return {map_id: Marks(*marks) for map_id, *marks in cursor.fetchall()}
