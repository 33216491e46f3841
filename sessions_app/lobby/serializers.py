"""The documents of lobbies in the API."""

from typing import Any

from rest_framework import serializers

from config.api.serialization import BOOLEAN, CheckedTextField, RawField, integer_schema
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.kernel.statuses import Status, to_values


class LobbyMap(serializers.Serializer[Any]):
    """The map of a lobby or game."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class VersionedMap(LobbyMap):
    """The map and its version, which is fixed when the game starts."""

    version = serializers.IntegerField()
    is_playable = serializers.BooleanField(
        help_text="False while the map has errors or a moderator has hidden it: no game can start."
    )


class TribeBonuses(serializers.Serializer[Any]):
    """The bonuses and the colour of a tribe. Bonuses are shares: 0.25 means a quarter more."""

    color_theme = serializers.CharField()
    damage_bonus = serializers.FloatField()
    attack_speed_bonus = serializers.FloatField()
    range_bonus = serializers.FloatField()


class LobbyTribe(TribeBonuses):
    """The tribe of a player, which is fixed when the game starts."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    archetype = serializers.CharField()


class LobbyPlayer(serializers.Serializer[Any]):
    """A player with a seat."""

    player_id = serializers.UUIDField()
    username = serializers.CharField()
    level = serializers.IntegerField()
    tribe = LobbyTribe()
    is_host = serializers.BooleanField()
    is_ready = serializers.BooleanField()
    is_connected = serializers.BooleanField(help_text="False while no socket holds the seat.")
    joined_at = serializers.DateTimeField()


class LobbySettings(serializers.Serializer[Any]):
    """The settings, which the host may change."""

    is_public = serializers.BooleanField(
        help_text="Whether everybody sees the lobby and may join. Always false on a private map."
    )
    seats = serializers.IntegerField(help_text="The number of seats, including free ones.")


class LobbyDocument(serializers.Serializer[Any]):
    """A lobby or game. The socket's `lobby` message has the same document."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=to_values(Status))
    version = serializers.IntegerField(help_text="Rises by one with each change.")
    host = serializers.UUIDField(allow_null=True)
    players = LobbyPlayer(many=True)
    settings = LobbySettings()
    map = VersionedMap()
    code = serializers.CharField(
        allow_null=True,
        help_text="The invite code. Null for callers without a seat, and after the end of the game.",
    )
    countdown_ends_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)


class SocketAddress(serializers.Serializer[Any]):
    """The address of the socket, which requires a ticket."""

    path = serializers.CharField()
    subprotocol = serializers.CharField()


class OwnLobby(LobbyDocument):
    """A lobby in which the caller has a seat. The seat is kept for thirty seconds until a socket holds it."""

    connect = SocketAddress()


class LobbyCard(serializers.Serializer[Any]):
    """An open lobby in a list."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    seats = serializers.IntegerField()
    free_seats = serializers.IntegerField()
    host = serializers.CharField(allow_null=True, help_text="The name of the host.")
    map = LobbyMap()


class LobbyPage(serializers.Serializer[Any]):
    """A page of open lobbies."""

    results = LobbyCard(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page.")


class CreateLobby(serializers.Serializer[Any]):
    """A new lobby."""

    map_id = serializers.UUIDField(
        help_text="A valid map: a published one, or one of the caller's own."
    )
    tribe_id = serializers.UUIDField(help_text="One of the caller's tribes.")
    is_public = RawField(
        BOOLEAN,
        required=False,
        help_text="Default: true. False: not listed, and joined by code only.",
    )
    seats = RawField(integer_schema(MIN_SEATS, MAX_SEATS), required=False, help_text="Default: 4.")


class JoinLobby(serializers.Serializer[Any]):
    """The tribe to join with."""

    tribe_id = serializers.UUIDField(help_text="One of the caller's tribes.")


class JoinByCode(JoinLobby):
    """The tribe and the invite code to join with."""

    code = CheckedTextField("code")


class KickPlayer(serializers.Serializer[Any]):
    """The player to remove."""

    player_id = serializers.UUIDField()


class StartGame(serializers.Serializer[Any]):
    """How to start."""

    solo = RawField(BOOLEAN, required=False, help_text="True to start without other players.")
