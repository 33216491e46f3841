"""Sockets of lobbies: consumers, hub and rooms, fan-out between processes, reconciliation."""
