"""Lobbies over WebSockets: protocol, sockets, hub, tickets, reconciliation."""
