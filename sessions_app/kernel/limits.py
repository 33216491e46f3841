"""Limits of a lobby that several packages share. Pure."""

from config.kernel.text import TEXT_RULES

MIN_SEATS, MAX_SEATS = 2, 4
MAX_KICKED_PLAYERS = 1000  # of a lobby
MAX_CHAT_LENGTH = TEXT_RULES["chat"].max_length  # characters
