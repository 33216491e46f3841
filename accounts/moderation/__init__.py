"""Decisions of moderators about players: suspensions and bans."""
