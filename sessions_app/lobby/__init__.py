"""Lobbies: rules, actions, storage, lists, pages and REST API."""
