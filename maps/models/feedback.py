"""The tables of ratings and favourites."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from config.db.models import RandomIdModel
from maps.models.maps import GameMap


class MapRating(RandomIdModel):
    """A player's rating of a map. A trigger (migration 0003_ratings) updates the mean rating of the map."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="ratings",
        db_index=False,
        db_comment="The player; null after the account was deleted. The rating stays.",
    )
    map = models.ForeignKey(
        GameMap, on_delete=models.CASCADE, related_name="ratings", db_comment="The map."
    )
    stars = models.SmallIntegerField(db_comment="Stars, 1 to 5.")
    created_at = models.DateTimeField(
        db_default=Now(), db_comment="When the player first rated the map."
    )

    class Meta:
        db_table = "map_ratings"
        db_table_comment = "Ratings of maps by players."
        constraints = [
            models.UniqueConstraint(fields=["user", "map"], name="one_rating_per_player"),
            models.CheckConstraint(condition=models.Q(stars__range=(1, 5)), name="stars_range"),
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars"


class MapFavourite(RandomIdModel):
    """A favourite of a player."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="favourites",
        db_index=False,
        db_comment="The player.",
    )
    map = models.ForeignKey(
        GameMap, on_delete=models.CASCADE, related_name="favourites", db_comment="The map."
    )
    created_at = models.DateTimeField(
        db_default=Now(), db_comment="When the player marked the map."
    )

    class Meta:
        db_table = "map_favourites"
        db_table_comment = "Favourites: maps that players marked to find them again."
        constraints = [
            models.UniqueConstraint(fields=["user", "map"], name="one_favourite_per_player")
        ]

    def __str__(self) -> str:
        return f"favourite {self.map_id}"
