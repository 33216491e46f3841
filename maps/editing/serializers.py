"""Documents that authors send, and what they get back."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.serialization import RawField, StrictJSONParser
from config.kernel.text import MIN_NAME_LENGTH, TEXT_RULES
from maps.serializers import Cell, Tile, WaveConfig
from maps.terrain.grid import MAX_SIDE, MIN_SIDE


class MapParser(StrictJSONParser):
    """JSON of ten times the usual size: an indented map of 100 × 100 cells is larger than a megabyte."""

    max_bytes = 10 * 1024 * 1024
    # Four times the largest map, so that the author of a larger one gets a report and no bare 413.
    max_values = 250_000


@extend_schema_field(
    {"type": "string", "minLength": MIN_NAME_LENGTH, "maxLength": TEXT_RULES["map_name"].max_length}
)
class MapName(RawField):
    """Checked by the action."""


@extend_schema_field({"type": "string", "maxLength": TEXT_RULES["map_description"].max_length})
class MapDescription(RawField):
    """Checked by the action."""


@extend_schema_field({"type": "integer", "minimum": MIN_SIDE, "maximum": MAX_SIDE})
class Side(RawField):
    """Cells on a side."""


@extend_schema_field(Tile(many=True))
class Tiles(RawField):
    """Exactly one tile for each cell."""


@extend_schema_field(Cell)
class Place(RawField):
    """A cell of the map."""


@extend_schema_field(WaveConfig)
class Waves(RawField):
    """The waves."""


class NewMap(serializers.Serializer[Any]):
    """A new map, or what to change of one."""

    name = MapName()
    description = MapDescription(required=False, allow_null=True)
    width = Side(help_text="Cells from west to east.")
    height = Side(help_text="Cells from north to south.")
    terrain_data = Tiles(help_text="Exactly one tile for each cell.")
    spawn_point = Place(help_text="Where enemies enter. In a valid map this cell is open.")
    goal_point = Place(help_text="What players defend. In a valid map this is another open cell.")
    wave_config = Waves(help_text="A valid map has at least one wave.")


class FaultOfMap(serializers.Serializer[Any]):
    """One thing that is wrong with a map."""

    code = serializers.CharField(help_text="Stable, for machines.")
    place = serializers.CharField(help_text="As in `terrain_data[17].height`.")
    detail = serializers.CharField(help_text="A sentence for people.")


class ReportOnMap(serializers.Serializer[Any]):
    """All that is wrong with a map."""

    valid = serializers.BooleanField(help_text="Whether it may be public and played.")
    draft = serializers.BooleanField(help_text="Whether it may be stored, though unfinished.")
    faults = FaultOfMap(many=True, help_text="At most fifty.")
    path = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        allow_null=True,
        help_text="The path of the enemies, as pairs of x and y; null if there is none.",
    )
