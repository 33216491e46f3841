"""The documents about sockets in the API."""

from typing import Any

from rest_framework import serializers

from sessions_app.lobby.serializers import SocketAddress


class Ticket(serializers.Serializer[Any]):
    """A ticket for the first message of a socket. It is valid once, for thirty seconds."""

    ticket = serializers.CharField()
    connect = SocketAddress()
