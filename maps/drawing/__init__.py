"""Isometric pictures of maps. Pure of Django."""
