"""Sockets of lobbies: protocol, hub, tickets, fan-out between processes, reconciliation."""
