"""The table of played maps."""

from django.db import models
from django.db.models.functions import Now

from config.db.models import RandomIdModel


class PlayedMap(RandomIdModel):
    """A version of a map that was played. It is created when its first game starts, and never changes.

    It remains when the author changes the map, makes it private or removes it. `map_id` is not a foreign key,
    so that the row can outlive the map. Columns have the names of the columns of `maps` that they copy.
    """

    map_id = models.UUIDField(db_comment="The map.")
    version = models.IntegerField(db_comment="The version of the map.")
    name = models.CharField(max_length=100, db_comment="The map's name.")
    width = models.IntegerField(db_comment="Cells from west to east.")
    height = models.IntegerField(db_comment="Cells from north to south.")
    terrain_data = models.JSONField(db_comment="As in maps.")
    spawn_point = models.JSONField(db_comment="{x, y}: where enemies enter.")
    goal_point = models.JSONField(db_comment="{x, y}: what players defend.")
    wave_config = models.JSONField(db_comment="As in maps.")
    document_bytes = models.IntegerField(
        db_default=0,
        editable=False,
        db_comment="As in maps. Counts towards the quota of the author.",
    )
    created_at = models.DateTimeField(
        db_default=Now(), db_comment="When the first game on this version began."
    )

    class Meta:
        db_table = "played_maps"
        db_table_comment = "Played maps: each version of a map on which a game began."
        constraints = [
            models.UniqueConstraint(fields=["map_id", "version"], name="one_row_of_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"
