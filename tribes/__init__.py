"""Tribes: the bonuses and colours that players bring to a game."""
