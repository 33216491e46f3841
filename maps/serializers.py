"""Documents of maps in the REST API that several packages use."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.identity.serializers import PublicUser
from maps.models import GameMap
from maps.terrain import waves
from maps.terrain.grid import MAX_SIDE, MAX_TILE_HEIGHT, TERRAINS


class MapCard(serializers.ModelSerializer[GameMap]):
    """A card of a map. Lists get the same document from the database (`maps.search.sql.CARD_JSON`)."""

    author = PublicUser(source="user")
    rating = serializers.FloatField(help_text="Exact mean of its ratings in stars; 0 without any.")
    is_hidden = serializers.SerializerMethodField(
        help_text="Whether a moderator hid it. Only its author and moderators see it then."
    )
    preview = serializers.SerializerMethodField(help_text="Path of the isometric picture (WebP).")

    class Meta:
        model = GameMap
        fields = (
            "id name description author width height rating rating_count play_count is_public"
            " is_hidden created_at preview"
        ).split()

    def get_is_hidden(self, game_map: GameMap) -> bool:
        """Returns whether a moderator hid it."""
        return game_map.hidden_at is not None

    @extend_schema_field(serializers.CharField())
    def get_preview(self, game_map: GameMap) -> str:
        """Returns the path of the picture for cards."""
        return game_map.card_picture


class FullMap(MapCard):
    """A map with the documents that the author sent, and that a client needs to play it."""

    class Meta(MapCard.Meta):
        fields = [
            *MapCard.Meta.fields,
            "terrain_data",
            "spawn_point",
            "goal_point",
            "wave_config",
            "version",
        ]


# ---- Parts of a map -----------------------------------------------------------------------------


class Cell(serializers.Serializer[Any]):
    """A cell of a map."""

    x = serializers.IntegerField()
    y = serializers.IntegerField()


class Tile(serializers.Serializer[Any]):
    """The terrain of one cell."""

    x = serializers.IntegerField(min_value=0, max_value=MAX_SIDE - 1)
    y = serializers.IntegerField(min_value=0, max_value=MAX_SIDE - 1)
    terrainType = serializers.ChoiceField(choices=TERRAINS)  # noqa: N815 - the key in documents
    height = serializers.IntegerField(min_value=0, max_value=MAX_TILE_HEIGHT)
    isBlocked = serializers.BooleanField()  # noqa: N815


class EnemyGroup(serializers.Serializer[Any]):
    """Enemies of one type that spawn one after the other."""

    type = serializers.ChoiceField(choices=waves.ENEMY_TYPES)
    count = serializers.IntegerField(min_value=1, max_value=waves.MAX_GROUP_SIZE)
    spawnInterval = serializers.FloatField(  # noqa: N815
        min_value=waves.MIN_SPAWN_INTERVAL, max_value=waves.MAX_SPAWN_INTERVAL, help_text="Seconds."
    )


class Wave(serializers.Serializer[Any]):
    """One wave. The first has number 1."""

    waveNumber = serializers.IntegerField(min_value=1, max_value=waves.MAX_WAVES)  # noqa: N815
    enemies = serializers.ListField(child=EnemyGroup(), max_length=waves.MAX_GROUPS)


class WaveConfig(serializers.Serializer[Any]):
    """All waves in their order."""

    waves = serializers.ListField(child=Wave(), max_length=waves.MAX_WAVES)


class CompactTerrain(serializers.Serializer[Any]):
    """The terrain of a map in a compact form, for drawing and playing."""

    width = serializers.IntegerField()
    height = serializers.IntegerField()
    terrains = serializers.ListField(
        child=serializers.CharField(), help_text="Names of the terrains, by their index."
    )
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="North to south, west to east: terrain · 12 + height · 2 + 1 if it is blocked.",
    )
    spawn_point = Cell()
    goal_point = Cell()
    path = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        allow_null=True,
        help_text="The path of the enemies, as pairs of x and y; null if there is none.",
    )
    hash = serializers.CharField(help_text="SHA-256 of terrain, spawn point and goal point.")
