"""Hiding and restoring maps."""
