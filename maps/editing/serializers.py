"""Documents that authors send, and the report on a map."""

from typing import Any

from rest_framework import serializers

from config.api.serialization import RawField, StrictJSONParser, integer_schema, text_schema
from maps.serializers import Cell, Tile, WaveConfig, path_field
from maps.terrain.grid import MAX_SIDE, MIN_SIDE

SIDE = integer_schema(MIN_SIDE, MAX_SIDE)


class LargeJSONParser(StrictJSONParser):
    """JSON of ten times the default size: an indented map of 100 × 100 cells is larger than a megabyte."""

    max_bytes = 10 * 1024 * 1024
    # Four times the largest map, so that the author of a larger one gets a report and not a 413.
    max_values = 250_000


class NewMap(serializers.Serializer[Any]):
    """A new map, or what to change of one."""

    name = RawField(text_schema("map_name"), help_text="One line. Not unique.")
    description = RawField(
        text_schema("map_description"), required=False, allow_null=True, help_text="Plain text."
    )
    width = RawField(SIDE, help_text="Cells from west to east.")
    height = RawField(SIDE, help_text="Cells from north to south.")
    terrain_data = RawField(Tile(many=True), help_text="Exactly one tile for each cell.")
    spawn_point = RawField(Cell, help_text="Where enemies enter. In a valid map this cell is open.")
    goal_point = RawField(
        Cell, help_text="What players defend. In a valid map this is another open cell."
    )
    wave_config = RawField(WaveConfig, help_text="A valid map has at least one wave.")


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
    path = path_field()
