"""The orders in which maps are browsed. Formulas and their sources; no queries."""

from django.db import models
from django.db.models.functions import Cast

# Top is a Bayesian average: the mean of a map's own ratings and of PRIOR_RATINGS imagined ones of
# PRIOR_STARS each. One perfect vote then stays behind a hundred good ones. Formula as used by IMDb's
# Top 250: https://en.wikipedia.org/wiki/Bayesian_average
PRIOR_STARS = 3.0
PRIOR_RATINGS = 8


def top_score(rating_sum: float, rating_count: int) -> float:
    """The score of a map in stars (1 to 5), from the sum and number of its ratings."""
    return (rating_sum + PRIOR_STARS * PRIOR_RATINGS) / (rating_count + PRIOR_RATINGS)


def top_score_expression() -> models.Expression:
    """`top_score` as an expression that the database keeps in a generated column."""
    stars = Cast(models.F("rating_sum"), models.FloatField()) + PRIOR_STARS * PRIOR_RATINGS
    return stars / Cast(models.F("rating_count") + PRIOR_RATINGS, models.FloatField())
