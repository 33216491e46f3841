"""Checks whether PostgreSQL, Redis and the schema are ready for requests.

It is not in config.server.health, because commands need it without the server.
"""

from django.core.management import call_command
from django.db import DatabaseError, close_old_connections
from redis.exceptions import RedisError

from config.redis.clients import durable

Checks = dict[str, str]


def check_services() -> Checks:
    """Returns "ok" or what is wrong, for PostgreSQL and Redis. Blocks."""
    return {"postgres": _check_postgres(), "redis": _check_redis()}


def has_pending_migrations() -> bool:
    """Returns whether the database lacks migrations of this code. Raises DatabaseError."""
    try:
        call_command("migrate", check_unapplied=True, verbosity=0)
    except SystemExit:  # the result of the command
        return True
    return False


def _check_postgres() -> str:
    close_old_connections()
    try:
        return "pending migrations" if has_pending_migrations() else "ok"
    except DatabaseError:
        return "unreachable"


def _check_redis() -> str:
    try:
        durable().ping()
    except RedisError:
        return "unreachable"
    return "ok"
