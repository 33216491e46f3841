"""Isometric pictures of maps. Pure."""
