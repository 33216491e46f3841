"""The documents of lobbies in the API."""

from typing import Any

from rest_framework import serializers

from config.api.serialization import (
    BOOLEAN,
    CheckedTextField,
    IdField,
    RawField,
    count_field,
    integer_schema,
)
from maps.serializers import SIDE
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.kernel.protocol import MAX_VERSION
from sessions_app.kernel.statuses import Status, to_values
from tribes.bonuses import PRESETS
from tribes.colours import COLOUR_PATTERN
from tribes.serializers import bonus_share


class LobbyMap(serializers.Serializer[Any]):
    """The map of a lobby or game."""

    id = IdField(help_text="The id of the map.")
    name = serializers.CharField(help_text="The name of the map.")
    width = serializers.IntegerField(**SIDE, help_text="Cells from west to east.")
    height = serializers.IntegerField(**SIDE, help_text="Cells from north to south.")


class VersionedMap(LobbyMap):
    """The map and its version, which is fixed when the game starts."""

    version = count_field("The version of the map.", minimum=1)
    is_playable = serializers.BooleanField(
        help_text="False while the map has errors or a moderator has hidden it: no game can start."
    )


class TribeBonuses(serializers.Serializer[Any]):
    """The bonuses and the colour of a tribe. Bonuses are shares: 0.25 means a quarter more."""

    color_theme = serializers.RegexField(
        f"^{COLOUR_PATTERN.pattern}$", help_text="The colour, as #RRGGBB."
    )
    damage_bonus = bonus_share("damage")
    attack_speed_bonus = bonus_share("attack_speed")
    range_bonus = bonus_share("range")


class LobbyTribe(TribeBonuses):
    """The tribe of a player, which is fixed when the game starts."""

    id = IdField(help_text="The id of the tribe.")
    name = serializers.CharField(help_text="The name of the tribe.")
    archetype = serializers.ChoiceField(choices=list(PRESETS), help_text="The style of play.")


class LobbyPlayer(serializers.Serializer[Any]):
    """A player with a seat."""

    player_id = IdField(help_text="The id of the player.")
    username = serializers.CharField(help_text="The name of the player.")
    level = count_field("The level of the player.", minimum=1)
    tribe = LobbyTribe(help_text="The tribe that the player has chosen.")
    is_host = serializers.BooleanField(help_text="Whether the player may change the lobby.")
    is_ready = serializers.BooleanField(help_text="Whether the game may start for this player.")
    is_connected = serializers.BooleanField(help_text="False while no socket holds the seat.")
    joined_at = serializers.DateTimeField(help_text="When the player took the seat.")


class LobbySettings(serializers.Serializer[Any]):
    """The settings, which the host may change."""

    is_public = serializers.BooleanField(
        help_text="Whether everybody sees the lobby and may join. Always false on a private map."
    )
    seats = serializers.IntegerField(
        min_value=MIN_SEATS,
        max_value=MAX_SEATS,
        help_text="The number of seats, including free ones.",
    )


class LobbyDocument(serializers.Serializer[Any]):
    """A lobby or game. The socket's `lobby` message has the same document."""

    id = IdField(help_text="The id of the lobby, and of its game.")
    status = serializers.ChoiceField(
        choices=to_values(Status), help_text="`Lobby` until the start, then that of the game."
    )
    version = serializers.IntegerField(
        min_value=0, max_value=MAX_VERSION, help_text="Rises by one with each change."
    )
    host = IdField(allow_null=True, help_text="The id of the host; null without players.")
    players = LobbyPlayer(many=True, help_text="The players with a seat.")
    settings = LobbySettings(help_text="What the host may change.")
    map = VersionedMap(help_text="The map.")
    code = serializers.CharField(
        allow_null=True,
        help_text="The invite code. Null for callers without a seat, and after the end of the game.",
    )
    countdown_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="When the countdown ends and the game begins; null without one."
    )
    created_at = serializers.DateTimeField(help_text="When the lobby was opened.")
    started_at = serializers.DateTimeField(
        allow_null=True, help_text="When the game began; null before."
    )


class SocketAddress(serializers.Serializer[Any]):
    """The address of the socket, which requires a ticket."""

    path = serializers.CharField(help_text="The path on this host, for `wss:`.")
    subprotocol = serializers.CharField(help_text="The subprotocol to offer.")


class OwnLobby(LobbyDocument):
    """A lobby in which the caller has a seat. The seat is kept for thirty seconds until a socket holds it."""

    connect = SocketAddress(help_text="Where a socket holds the seat.")


class LobbyCard(serializers.Serializer[Any]):
    """An open lobby in a list."""

    id = IdField(help_text="The id of the lobby.")
    created_at = serializers.DateTimeField(help_text="When it was opened.")
    seats = serializers.IntegerField(
        min_value=MIN_SEATS,
        max_value=MAX_SEATS,
        help_text="The number of seats, including free ones.",
    )
    free_seats = serializers.IntegerField(
        min_value=0, max_value=MAX_SEATS - 1, help_text="The number of free seats."
    )
    host = serializers.CharField(allow_null=True, help_text="The name of the host.")
    map = LobbyMap(help_text="The map.")


class LobbyPage(serializers.Serializer[Any]):
    """A page of open lobbies."""

    results = LobbyCard(many=True, help_text="The newest lobbies first.")
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page.")


class CreateLobby(serializers.Serializer[Any]):
    """A new lobby."""

    map_id = IdField(help_text="A valid map: a published one, or one of the caller's own.")
    tribe_id = IdField(help_text="One of the caller's tribes.")
    is_public = RawField(
        BOOLEAN,
        required=False,
        help_text="Default: true. False: not listed, and joined by code only.",
    )
    seats = RawField(integer_schema(MIN_SEATS, MAX_SEATS), required=False, help_text="Default: 4.")


class JoinLobby(serializers.Serializer[Any]):
    """The tribe to join with."""

    tribe_id = IdField(help_text="One of the caller's tribes.")


class JoinByCode(JoinLobby):
    """The tribe and the invite code to join with."""

    code = CheckedTextField("code", help_text="In any case, with or without hyphens.")


class KickPlayer(serializers.Serializer[Any]):
    """The player to remove."""

    player_id = IdField(help_text="The id of the player.")


class StartGame(serializers.Serializer[Any]):
    """How to start."""

    solo = RawField(BOOLEAN, required=False, help_text="True to start without other players.")
