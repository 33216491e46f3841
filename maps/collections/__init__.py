"""Collections: maps that a player gathers, orders and shares."""
