"""The scores that maps are ordered by: the formulas and their sources. Pure of Django."""

import datetime
import math

# "Top" is a Bayesian average: the mean of a map's own ratings and of PRIOR_RATINGS assumed ratings of
# PRIOR_STARS each. So a map with one perfect rating stays behind a map with a hundred good ones. The formula
# is that of IMDb's Top 250: https://en.wikipedia.org/wiki/Bayesian_average
PRIOR_STARS = 3.0
PRIOR_RATINGS = 8

# "Hot" adds the creation time to the logarithm of a map's points, so that no job has to lower the scores of
# old maps. Ten times the points outweigh an age of HOT_SECONDS. The points are the plays, and twice the stars
# above three. The formula is that of Reddit's "hot": https://github.com/reddit-archive/reddit, _sorts.pyx
HOT_SECONDS = 7 * 24 * 3600
STAR_POINTS = 2


def top_score(rating_sum: float, rating_count: int) -> float:
    """Returns the score of a map in stars (1 to 5), from the sum and the number of its ratings."""
    return (rating_sum + PRIOR_STARS * PRIOR_RATINGS) / (rating_count + PRIOR_RATINGS)


def hot_score(
    plays: int, rating_sum: int, rating_count: int, created_at: datetime.datetime
) -> float:
    """Returns a score without a unit. Scores that were computed at different times can be compared."""
    points = plays + STAR_POINTS * (rating_sum - PRIOR_STARS * rating_count)
    return math.log10(max(points, 1)) + created_at.timestamp() / HOT_SECONDS
