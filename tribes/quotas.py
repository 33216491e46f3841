"""How many tribes a player may have."""

from config.limits.quotas import Quota, count_rows

MAX_TRIBES = 10
QUOTAS = (
    Quota(
        "tribes",
        MAX_TRIBES,
        "tribes",
        count_rows("tribes"),
        "Delete those that you no longer need.",
    ),
)
