"""How many tribes a player may have."""

from config.limits.quotas import Quota

MAX_TRIBES = 10
QUOTAS = (
    Quota(
        "tribes",
        MAX_TRIBES,
        "tribes",
        "SELECT count(*) FROM tribes WHERE user_id = %(subject)s",
        "Delete those that you no longer need.",
    ),
)
