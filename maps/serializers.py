"""Documents of maps in the REST API that several packages use."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.identity.serializers import PublicUser
from config.api.serialization import COUNT, MAX_INTEGER, RawField
from maps.feedback.rules import MAX_STARS
from maps.models import GameMap
from maps.terrain import waves
from maps.terrain.grid import MAX_SIDE, MAX_TILE_HEIGHT, MIN_SIDE, TERRAINS

# Of a cell in compact form: the last terrain at the greatest height, blocked.
MAX_TILE_NUMBER = (len(TERRAINS) - 1) * 12 + MAX_TILE_HEIGHT * 2 + 1
SIDE: dict[str, Any] = {"min_value": MIN_SIDE, "max_value": MAX_SIDE}  # of a map, in cells


class MapCard(serializers.ModelSerializer[GameMap]):
    """A card of a map. Lists get the same document from the database (`maps.search.sql.CARD_JSON`)."""

    author = PublicUser(source="user", help_text="Who made it.")
    rating = serializers.FloatField(
        min_value=0,
        max_value=MAX_STARS,
        help_text="Exact mean of its ratings in stars; 0 without any.",
    )
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
        extra_kwargs = {
            "id": {"help_text": "Never changes."},
            "name": {"help_text": "3 to 100 characters, not unique."},
            "description": {"help_text": "Plain text; null without one."},
            "width": SIDE | {"help_text": "Cells from west to east."},
            "height": SIDE | {"help_text": "Cells from north to south."},
            "rating_count": COUNT | {"help_text": "How many players have rated it."},
            "play_count": COUNT | {"help_text": "How many games began on it."},
            "is_public": {"help_text": "Whether its author has published it."},
            "created_at": {"help_text": "When it was created."},
            "version": {
                "min_value": 1,
                "max_value": MAX_INTEGER,
                "help_text": "Rises with each change by the author. The `ETag` begins with it.",
            },
        }

    def get_is_hidden(self, game_map: GameMap) -> bool:
        """Returns whether a moderator hid it."""
        return game_map.hidden_at is not None

    @extend_schema_field(serializers.CharField())
    def get_preview(self, game_map: GameMap) -> str:
        """Returns the path of the picture for cards."""
        return game_map.card_picture


# ---- Parts of a map -----------------------------------------------------------------------------


def coordinate(help_text: str) -> serializers.IntegerField:
    """Returns a field for a coordinate."""
    return serializers.IntegerField(min_value=0, max_value=MAX_SIDE - 1, help_text=help_text)


class Cell(serializers.Serializer[Any]):
    """A cell of a map."""

    x = coordinate("From west to east, from 0.")
    y = coordinate("From north to south, from 0.")


class Tile(Cell):
    """The terrain of one cell."""

    terrainType = serializers.ChoiceField(  # noqa: N815 - the key in documents
        choices=TERRAINS, help_text="The terrain."
    )
    height = serializers.IntegerField(
        min_value=0, max_value=MAX_TILE_HEIGHT, help_text="Steps above the ground."
    )
    isBlocked = serializers.BooleanField(  # noqa: N815
        help_text="Whether there is an obstacle on the cell."
    )


def path_field() -> serializers.ListField:
    """Returns a field for the path of enemies."""
    return serializers.ListField(
        child=serializers.ListField(
            child=serializers.IntegerField(min_value=0, max_value=MAX_SIDE - 1),
            min_length=2,
            max_length=2,
        ),
        allow_null=True,
        help_text="The path of the enemies, as pairs of x and y; null if there is none.",
    )


class EnemyGroup(serializers.Serializer[Any]):
    """Enemies of one type that spawn one after the other."""

    type = serializers.ChoiceField(choices=waves.ENEMY_TYPES, help_text="The type of enemies.")
    count = serializers.IntegerField(
        min_value=1, max_value=waves.MAX_GROUP_SIZE, help_text="The number of enemies."
    )
    spawnInterval = serializers.FloatField(  # noqa: N815
        min_value=waves.MIN_SPAWN_INTERVAL,
        max_value=waves.MAX_SPAWN_INTERVAL,
        help_text="Seconds between two enemies.",
    )


class Wave(serializers.Serializer[Any]):
    """One wave. The first has number 1."""

    waveNumber = serializers.IntegerField(  # noqa: N815
        min_value=1, max_value=waves.MAX_WAVES, help_text="1, 2, 3 … in this order."
    )
    enemies = serializers.ListField(
        child=EnemyGroup(),
        max_length=waves.MAX_GROUPS,
        help_text="The groups, which spawn together.",
    )


class WaveConfig(serializers.Serializer[Any]):
    """All waves in their order."""

    waves = serializers.ListField(
        child=Wave(), max_length=waves.MAX_WAVES, help_text="The waves, the first one first."
    )


# ---- Maps ---------------------------------------------------------------------------------------


class FullMap(MapCard):
    """A map with the documents that the author sent, and that a client needs to play it."""

    terrain_data = RawField(
        Tile(many=True), help_text="Exactly one tile for each cell, as its author sent them."
    )
    spawn_point = RawField(Cell, help_text="Where enemies enter.")
    goal_point = RawField(Cell, help_text="What players defend.")
    wave_config = RawField(WaveConfig, help_text="The waves of enemies. A draft may have none.")

    class Meta(MapCard.Meta):
        fields = [
            *MapCard.Meta.fields,
            "terrain_data",
            "spawn_point",
            "goal_point",
            "wave_config",
            "version",
        ]


class CompactTerrain(serializers.Serializer[Any]):
    """The terrain of a map in a compact form, for drawing and playing."""

    width = serializers.IntegerField(**SIDE, help_text="Cells from west to east.")
    height = serializers.IntegerField(**SIDE, help_text="Cells from north to south.")
    terrains = serializers.ListField(
        child=serializers.ChoiceField(choices=TERRAINS),
        help_text="Names of the terrains, by their index.",
    )
    rows = serializers.ListField(
        child=serializers.ListField(
            child=serializers.IntegerField(min_value=0, max_value=MAX_TILE_NUMBER),
            min_length=MIN_SIDE,
            max_length=MAX_SIDE,
        ),
        min_length=MIN_SIDE,
        max_length=MAX_SIDE,
        help_text="North to south, west to east: terrain · 12 + height · 2 + 1 if it is blocked.",
    )
    spawn_point = Cell(help_text="Where enemies enter.")
    goal_point = Cell(help_text="What players defend.")
    path = path_field()
    hash = serializers.CharField(help_text="SHA-256 of terrain, spawn point and goal point.")
