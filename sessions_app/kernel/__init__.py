"""Statuses, limits and the protocol of sockets, for models, rules and SQL. Pure."""
