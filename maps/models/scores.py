"""The formulas of maps/search/ranking.py as expressions of generated columns."""

from django.db import models
from django.db.models.functions import Cast, Greatest

from maps.search.ranking import HOT_SECONDS, PRIOR_RATINGS, PRIOR_STARS, STAR_POINTS


def top_score_expression() -> models.Expression:
    """Returns the expression of `top_score`."""
    stars = Cast(models.F("rating_sum"), models.FloatField()) + PRIOR_STARS * PRIOR_RATINGS
    return stars / Cast(models.F("rating_count") + PRIOR_RATINGS, models.FloatField())


class Epoch(models.Func):
    """Seconds since 1970, in a form that does not depend on the time zone of the database."""

    template = "extract(epoch from %(expressions)s at time zone 'UTC')::float8"
    output_field = models.FloatField()


class Log10(models.Func):
    """The decimal logarithm. Django's `Log` always passes a base, which makes it numeric and slow."""

    function = "LOG"
    output_field = models.FloatField()


def hot_score_expression() -> models.Expression:
    """Returns the expression of `hot_score`."""
    stars_above_prior = Cast(models.F("rating_sum"), models.FloatField()) - PRIOR_STARS * models.F(
        "rating_count"
    )
    points = Cast(models.F("play_count"), models.FloatField()) + STAR_POINTS * stars_above_prior
    recency = Epoch(models.F("created_at")) / models.Value(float(HOT_SECONDS))
    return Log10(Greatest(points, models.Value(1.0))) + recency
