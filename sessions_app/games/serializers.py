"""The documents of games in the API."""

from typing import Any

from rest_framework import serializers

from config.api.serialization import IdField, RawField, count_field, integer_schema
from maps.serializers import Cell, CompactTerrain, WaveConfig
from sessions_app.lobby.serializers import LobbyMap, TribeBonuses

MAX_FENCE = 2**31 - 1


class PlayedMapDocument(LobbyMap):
    """The complete map of a lobby or game."""

    version = count_field("The version of the map.", minimum=1)
    terrain = CompactTerrain(help_text="The terrain in compact form.")
    spawn_point = Cell(help_text="Where enemies enter.")
    goal_point = Cell(help_text="What players defend.")
    wave_config = WaveConfig(help_text="The waves of enemies.")


class PlayerTribe(TribeBonuses):
    """The tribe of a player."""

    player_id = IdField(help_text="The id of the player.")
    tribe_id = IdField(help_text="The id of the tribe.")


class GameTribes(serializers.Serializer[Any]):
    """The tribes of a lobby or game."""

    tribes = PlayerTribe(many=True, help_text="In the order in which the players joined.")


class Fence(serializers.Serializer[Any]):
    """The fence for writes of a state."""

    fence = count_field("The number to send with each write. A later claim has a higher one.")


class WriteState(serializers.Serializer[Any]):
    """A state to write."""

    fence = RawField(integer_schema(1, MAX_FENCE), help_text="The number of the claim.")
    state = RawField(
        {"type": "object", "additionalProperties": {}},
        help_text="Up to 256 KiB of JSON, whose content is up to the game.",
    )


class Sequence(serializers.Serializer[Any]):
    """The number of the write."""

    sequence = count_field("Rises by one with each write and each claim.")


class GameState(Fence):
    """The last state of a game."""

    sequence = count_field("The number of writes and claims; 0 if only the database has the state.")
    state = serializers.DictField(
        allow_null=True, help_text="The last state that was written; null before the first."
    )
