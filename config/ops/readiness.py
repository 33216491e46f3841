"""Whether PostgreSQL, Redis and the schema are ready for requests.

Not in config.ops.health, because that imports the server, and commands need this without it.
"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from config.redis.clients import durable

Checks = dict[str, str]


def check_services() -> Checks:
    """Returns "ok" or what is wrong, for PostgreSQL and for Redis. Blocks."""
    return {"postgres": _check_postgres(), "redis": _check_redis()}


def has_pending_migrations() -> bool:
    """Returns whether the database lacks migrations of this code. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _check_postgres() -> str:
    connection.close_if_unusable_or_obsolete()
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
