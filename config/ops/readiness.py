"""Whether PostgreSQL, Redis and the schema are ready for requests.

Apart from config.ops.health, because commands ask for it where Django is not set up yet.
"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from config.redis.clients import durable

Checks = dict[str, str]


def look() -> Checks:
    """Returns for PostgreSQL and Redis "ok" or what is wrong with it. Blocks."""
    return {"postgres": _postgres(), "redis": _redis()}


def has_pending_migrations() -> bool:
    """Whether the database lacks migrations of this code. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _postgres() -> str:
    connection.close_if_unusable_or_obsolete()
    try:
        return "pending migrations" if has_pending_migrations() else "ok"
    except DatabaseError:
        return "unreachable"


def _redis() -> str:
    try:
        durable().ping()
    except RedisError:
        return "unreachable"
    return "ok"
