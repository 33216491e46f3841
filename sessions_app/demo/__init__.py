"""Invented players, maps and games that fill an empty database."""
