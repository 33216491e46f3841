"""Lobbies: rules, actions, queries, storage, and their API."""
