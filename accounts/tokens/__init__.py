"""Tokens of the REST API: signed, revocable, and cached."""
