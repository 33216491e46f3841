"""The orders in which maps are browsed. Formulas and their sources; no queries."""

import datetime
import math

from django.db import models
from django.db.models.functions import Cast, Greatest

# Top is a Bayesian average: the mean of a map's own ratings and of PRIOR_RATINGS imagined ones of
# PRIOR_STARS each. One perfect vote then stays behind a hundred good ones. Formula as used by IMDb's
# Top 250: https://en.wikipedia.org/wiki/Bayesian_average
PRIOR_STARS = 3.0
PRIOR_RATINGS = 8

# Hot adds the age of a map to the logarithm of what players thought of it, so that no job has to make
# old maps cold: ten times the points are worth HOT_SECONDS of youth. Points are plays, and twice the
# stars above three. Formula as Reddit's "hot": https://github.com/reddit-archive/reddit, _sorts.pyx
HOT_SECONDS = 7 * 24 * 3600
STAR_POINTS = 2


def top_score(rating_sum: float, rating_count: int) -> float:
    """The score of a map in stars (1 to 5), from the sum and number of its ratings."""
    return (rating_sum + PRIOR_STARS * PRIOR_RATINGS) / (rating_count + PRIOR_RATINGS)


def top_score_expression() -> models.Expression:
    """`top_score` as an expression that the database keeps in a generated column."""
    stars = Cast(models.F("rating_sum"), models.FloatField()) + PRIOR_STARS * PRIOR_RATINGS
    return stars / Cast(models.F("rating_count") + PRIOR_RATINGS, models.FloatField())


def hot_score(
    plays: int, rating_sum: int, rating_count: int, created_at: datetime.datetime
) -> float:
    """The heat of a map: comparable to other maps' at any time, without a unit."""
    points = plays + STAR_POINTS * (rating_sum - PRIOR_STARS * rating_count)
    return math.log10(max(points, 1)) + created_at.timestamp() / HOT_SECONDS


class Epoch(models.Func):
    """Seconds since 1970, in a form that the database takes for the same whatever its time zone."""

    template = "extract(epoch from %(expressions)s at time zone 'UTC')::float8"
    output_field = models.FloatField()


class Log10(models.Func):
    """The decimal logarithm. Django's `Log` always names its base, which makes it numeric and slow."""

    function = "LOG"
    output_field = models.FloatField()


def hot_score_expression() -> models.Expression:
    """`hot_score` as an expression that the database keeps in a generated column."""
    liked = Cast(models.F("rating_sum"), models.FloatField()) - PRIOR_STARS * models.F(
        "rating_count"
    )
    points = Cast(models.F("play_count"), models.FloatField()) + STAR_POINTS * liked
    age = Epoch(models.F("created_at")) / models.Value(float(HOT_SECONDS))
    return Log10(Greatest(points, models.Value(1.0))) + age
