"""The scores that maps are ordered by."""

import datetime
import math

import pytest

from maps.models import GameMap
from maps.search.ranking import HOT_SECONDS, PRIOR_RATINGS, PRIOR_STARS, STAR_POINTS


def top_score(rating_sum: float, rating_count: int) -> float:
    return (rating_sum + PRIOR_STARS * PRIOR_RATINGS) / (rating_count + PRIOR_RATINGS)


def hot_score(
    plays: int, rating_sum: int, rating_count: int, created_at: datetime.datetime
) -> float:
    points = plays + STAR_POINTS * (rating_sum - PRIOR_STARS * rating_count)
    return math.log10(max(points, 1)) + created_at.timestamp() / HOT_SECONDS


def test_one_perfect_rating_is_below_a_hundred_good_ones() -> None:
    assert top_score(5, 1) < top_score(450, 100)
    assert top_score(0, 0) == PRIOR_STARS


def test_the_hot_score_rises_with_points_and_with_creation_time() -> None:
    monday = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
    week = datetime.timedelta(days=7)
    assert hot_score(10, 0, 0, monday) == pytest.approx(hot_score(1, 0, 0, monday + week))
    assert hot_score(0, 50, 10, monday) > hot_score(0, 10, 10, monday)
    assert hot_score(0, 0, 0, monday) == hot_score(0, 3, 1, monday)


@pytest.mark.django_db
def test_the_database_computes_the_same_scores(game_map: GameMap) -> None:
    GameMap.objects.update(play_count=41, rating_sum=9, rating_count=2)
    game_map.refresh_from_db()
    assert game_map.hot_score == pytest.approx(hot_score(41, 9, 2, game_map.created_at))
    assert game_map.top_score == pytest.approx(top_score(9, 2))
