"""The rules of ratings. Pure."""

from config.kernel.errors import InvalidInput

MIN_STARS, MAX_STARS = 1, 5
INVALID_STARS = "Give one to five stars."


def check_stars(stars: int) -> None:
    """Raises InvalidInput for an invalid number of stars."""
    if not MIN_STARS <= stars <= MAX_STARS:
        raise InvalidInput("invalid_stars", INVALID_STARS, field="stars")
