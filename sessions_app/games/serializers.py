"""The documents of games in the API."""

from typing import Any

from rest_framework import serializers

from config.api.serialization import RawField, integer_schema
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
    """The fence for writes of a state."""

    fence = serializers.IntegerField()


class WriteState(serializers.Serializer[Any]):
    """A state to write."""

    fence = RawField(integer_schema(1, MAX_FENCE))
    state = RawField({"type": "object", "additionalProperties": {}})


class Sequence(serializers.Serializer[Any]):
    """The number of writes."""

    sequence = serializers.IntegerField()


class GameState(Fence):
    """The last state of a game."""

    sequence = serializers.IntegerField(help_text="0 if only the database has the state.")
    state = serializers.DictField(allow_null=True)
