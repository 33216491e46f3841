"""The scores that maps are ordered by: the formulas and their sources. Does not use Django."""

# "Top" is a Bayesian average: the mean of a map's own ratings and of PRIOR_RATINGS assumed ratings of
# PRIOR_STARS each. So a map with one perfect rating ranks below a map with a hundred good ones. The formula
# is that of IMDb's Top 250: https://en.wikipedia.org/wiki/Bayesian_average
PRIOR_STARS = 3.0
PRIOR_RATINGS = 8

# "Hot" adds the creation time to the logarithm of a map's points, so that no job has to lower the scores of
# old maps. Ten times the points outweigh an age of HOT_SECONDS. The points are the plays, and twice the stars
# above three. The formula is that of Reddit's "hot": https://github.com/reddit-archive/reddit, _sorts.pyx
HOT_SECONDS = 7 * 24 * 3600
STAR_POINTS = 2
