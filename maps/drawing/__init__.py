"""Isometric pictures of maps. Does not use Django."""
