"""The documents of games in the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.serialization import RawField
from maps.serializers import Cell, CompactTerrain, WaveConfig
from sessions_app.lobby.serializers import LobbyMap, TribeBonuses

MAX_FENCE = 2**31 - 1


class PlayedMapDocument(LobbyMap):
    """The complete map of a lobby or game."""

    version = serializers.IntegerField()
    terrain = CompactTerrain()
    spawn_point = Cell()
    goal_point = Cell()
    wave_config = WaveConfig()


class PlayerTribe(TribeBonuses):
    """The tribe of a player."""

    player_id = serializers.UUIDField()
    tribe_id = serializers.UUIDField()


class GameTribes(serializers.Serializer[Any]):
    """The tribes of a lobby or game."""

    tribes = PlayerTribe(many=True)


class Fence(serializers.Serializer[Any]):
    """The number to write a state with."""

    fence = serializers.IntegerField()


@extend_schema_field({"type": "object", "additionalProperties": {}})
class StateObject(RawField):
    """An object. `towers`, `enemies` and `resources` are those of the game."""


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_FENCE})
class FenceNumber(RawField):
    """A number that `fence` returned."""


class WriteState(serializers.Serializer[Any]):
    """A state to write."""

    fence = FenceNumber()
    state = StateObject()


class Sequence(serializers.Serializer[Any]):
    """The number of writes."""

    sequence = serializers.IntegerField()


class GameState(Fence):
    """The last state of a game."""

    sequence = serializers.IntegerField(help_text="0 where only the database has the state.")
    state = serializers.DictField(allow_null=True)
