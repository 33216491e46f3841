"""How many tribes a player may have."""

from config.limits.quotas import Quota

MOST_TRIBES = 10
TABLE = (
    Quota(
        "tribes",
        MOST_TRIBES,
        "tribes",
        "SELECT count(*) FROM tribes WHERE user_id = %(subject)s",
        "Delete those that you no longer need.",
    ),
)
