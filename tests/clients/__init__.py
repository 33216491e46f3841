"""Clients that others generate from the schema, against the running site."""
