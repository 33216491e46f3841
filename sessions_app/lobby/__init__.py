"""Lobbies: rules, actions, queries, storage, and their API. Pages and sockets are elsewhere."""
