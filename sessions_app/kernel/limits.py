"""Limits of a lobby that both the database and the rules hold. Pure."""

MIN_SEATS, MAX_SEATS = 2, 4
MAX_KICKED_PLAYERS = 1000  # that one lobby remembers
