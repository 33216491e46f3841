"""Tickets for sockets, in the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller, caller_token
from config.api.openapi import errors
from config.api.serialization import NO_STORE
from config.api.views import APIView
from sessions_app.kernel.socket_address import socket_address
from sessions_app.lobby import queries
from sessions_app.lobby.serializers import SocketAddress
from sessions_app.lobby.transactions import run_query
from sessions_app.tickets.tickets import create_ticket


class Ticket(serializers.Serializer[Any]):
    """A ticket for the first message of a socket. It is valid once, for thirty seconds."""

    ticket = serializers.CharField(help_text="For `hello`.")
    connect = SocketAddress(help_text="Where to open the socket.")


class TicketView(APIView):
    """Tickets for the socket."""

    @extend_schema(
        operation_id="game_sessions_ticket",
        responses={201: Ticket},
        extensions=errors("not_seated"),
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Create a ticket for the caller's seat. It is valid once, for thirty seconds."""
        run_query(queries.require_reason_to_connect, session_id, caller(request).pk)
        ticket = create_ticket(caller_token(request), session_id)
        document = {"ticket": ticket, "connect": socket_address(session_id)}
        return Response(document, status=201, headers=NO_STORE)
