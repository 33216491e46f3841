"""The formulas of maps/search/ranking.py as expressions of generated columns.

They consist of Django's own expressions, because migrations contain them and do not import the apps.
"""

from django.db import models
from django.db.models.functions import Cast, Greatest

from maps.search.ranking import HOT_SECONDS, PRIOR_RATINGS, PRIOR_STARS, STAR_POINTS


def top_score_expression() -> models.Expression:
    """Returns the expression of `top_score`."""
    stars = Cast(models.F("rating_sum"), models.FloatField()) + PRIOR_STARS * PRIOR_RATINGS
    return stars / Cast(models.F("rating_count") + PRIOR_RATINGS, models.FloatField())


def hot_score_expression() -> models.Expression:
    """Returns the expression of `hot_score`."""
    stars_above_prior = Cast(models.F("rating_sum"), models.FloatField()) - PRIOR_STARS * models.F(
        "rating_count"
    )
    points = Cast(models.F("play_count"), models.FloatField()) + STAR_POINTS * stars_above_prior
    recency = _seconds_since_1970("created_at") / models.Value(float(HOT_SECONDS))
    return _log10(Greatest(points, models.Value(1.0))) + recency


def _seconds_since_1970(column: str) -> models.Func:
    """Returns the time of a column as a number, independent of the time zone of the database."""
    return models.Func(
        models.F(column),
        template="extract(epoch from %(expressions)s at time zone 'UTC')::float8",
        output_field=models.FloatField(),
    )


def _log10(number: models.Expression) -> models.Func:
    """Returns the decimal logarithm. Django's `Log` passes a base, which makes it numeric and slow."""
    return models.Func(number, function="LOG", output_field=models.FloatField())
