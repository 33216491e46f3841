"""The documents of lobbies and games in the REST API, as its schema tells them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.serialization import CheckedTextField, RawBooleanField, RawField
from maps.serializers import Cell, CompactTerrain, WaveConfig
from sessions_app.lobby.rules import FEWEST_SEATS, MOST_SEATS, Status
from maps.browse.api import Cell, CompactTerrain
from maps.editing.api import WaveConfig
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.kernel.statuses import Status


class MapOfLobby(serializers.Serializer[Any]):
    """The map that is played."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class VersionedMap(MapOfLobby):
    """The map, and which version of it: fixed from the start on."""

    version = serializers.IntegerField()
    is_playable = serializers.BooleanField(
        help_text="False while its author has broken it or a moderator has hidden it: then no game can start."
    )


class MapOfGame(MapOfLobby):
    """The map that a lobby or game is played on, whole."""

    version = serializers.IntegerField()
    terrain = CompactTerrain()
    spawn_point = Cell()
    goal_point = Cell()
    wave_config = WaveConfig()


class TribeInPlay(serializers.Serializer[Any]):
    """What counts of a tribe in play. Bonuses are shares that multiply: 0.25 is a quarter more."""

    color_theme = serializers.CharField()
    damage_bonus = serializers.FloatField()
    attack_speed_bonus = serializers.FloatField()
    range_bonus = serializers.FloatField()


class TribeAtTable(TribeInPlay):
    """The tribe that a player brings; fixed from the start on."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    archetype = serializers.CharField()


class TribeOfPlayer(TribeInPlay):
    """Whose tribe it is."""

    player_id = serializers.UUIDField()
    tribe_id = serializers.UUIDField()


class TribesOfGame(serializers.Serializer[Any]):
    """The tribes of a lobby or game, by what counts in play."""

    tribes = TribeOfPlayer(many=True)


class PlayerAtTable(serializers.Serializer[Any]):
    """Somebody who sits there."""

    player_id = serializers.UUIDField()
    username = serializers.CharField()
    level = serializers.IntegerField()
    tribe = TribeAtTable()
    is_host = serializers.BooleanField()
    is_ready = serializers.BooleanField()
    is_connected = serializers.BooleanField(help_text="False while no socket holds the seat.")
    joined_at = serializers.DateTimeField()


class Settings(serializers.Serializer[Any]):
    """What the host may change."""

    is_public = serializers.BooleanField(help_text="Listed for everybody; never on a private map.")
    seats = serializers.IntegerField(help_text="How many may sit.")


class LobbyDocument(serializers.Serializer[Any]):
    """A lobby or game, whole: the same document as the socket's `lobby`."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    version = serializers.IntegerField(help_text="Rises by one with each change.")
    host = serializers.UUIDField(allow_null=True)
    players = PlayerAtTable(many=True)
    settings = Settings()
    map = VersionedMap()
    code = serializers.CharField(
        allow_null=True, help_text="What friends join by; null for strangers, and once over."
    )
    countdown_ends_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)


class Connection(serializers.Serializer[Any]):
    """Where to connect; ask for a ticket first."""

    path = serializers.CharField()
    subprotocol = serializers.CharField()


class SeatedLobby(LobbyDocument):
    """A lobby that the caller sits in, and where to connect within thirty seconds."""

    connect = Connection()


class LobbyCard(serializers.Serializer[Any]):
    """An open lobby as lists show it."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    seats = serializers.IntegerField()
    free_seats = serializers.IntegerField()
    host = serializers.CharField(allow_null=True, help_text="The host's name.")
    map = MapOfLobby()


class LobbyPage(serializers.Serializer[Any]):
    """A page of open lobbies."""

    results = LobbyCard(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page.")


class Ticket(serializers.Serializer[Any]):
    """Good once, for thirty seconds, as the first message of a socket."""

    ticket = serializers.CharField()
    connect = Connection()


@extend_schema_field({"type": "integer", "minimum": MIN_SEATS, "maximum": MAX_SEATS})
class Seats(RawField):
    """How many may sit."""


class NewLobby(serializers.Serializer[Any]):
    """A lobby to open."""

    map_id = serializers.UUIDField(
        help_text="A valid map: a published one, or one of the caller's own."
    )
    tribe_id = serializers.UUIDField(help_text="One of the caller's tribes.")
    is_public = RawBooleanField(
        required=False, help_text="False: not listed, joined by code. Usually true."
    )
    seats = Seats(required=False, help_text="Four unless told.")


class Joining(serializers.Serializer[Any]):
    """Who joins, with which tribe."""

    tribe_id = serializers.UUIDField(help_text="One of the caller's tribes.")


class JoiningByCode(Joining):
    """Joining by invite code."""

    code = CheckedTextField(kind="code")


class Kicking(serializers.Serializer[Any]):
    """Who must go."""

    player_id = serializers.UUIDField()


class Starting(serializers.Serializer[Any]):
    """How to start."""

    solo = RawBooleanField(required=False, help_text="True to start alone.")


class Fence(serializers.Serializer[Any]):
    """The number to write with."""

    fence = serializers.IntegerField()


@extend_schema_field({"type": "object", "additionalProperties": {}})
class StateObject(RawField):
    """An object; `towers`, `enemies` and `resources` are those of the game."""


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": 2**31 - 1})
class FenceNumber(RawField):
    """A number that `fence` answered."""


class NewState(serializers.Serializer[Any]):
    """A state to put."""

    fence = FenceNumber()
    state = StateObject()


class Sequence(serializers.Serializer[Any]):
    """How many writes there were."""

    sequence = serializers.IntegerField()


class FullState(Fence):
    """A game's state as last written."""

    sequence = serializers.IntegerField(help_text="0 where only the database knows it.")
    state = serializers.DictField(allow_null=True)
