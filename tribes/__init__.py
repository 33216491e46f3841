"""Tribes: what players bring to a game."""
