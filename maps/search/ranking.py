"""The scores by which maps are ordered: formulas and their sources. Pure."""

import datetime
import math

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


def hot_score(
    plays: int, rating_sum: int, rating_count: int, created_at: datetime.datetime
) -> float:
    """The heat of a map: comparable to other maps' at any time, without a unit."""
    points = plays + STAR_POINTS * (rating_sum - PRIOR_STARS * rating_count)
    return math.log10(max(points, 1)) + created_at.timestamp() / HOT_SECONDS
