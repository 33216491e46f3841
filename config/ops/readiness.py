"""Whether PostgreSQL, Redis and the schema are ready for requests.

Apart from config.ops.health, because commands ask for it where Django is not set up yet.
"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from config.redis.clients import durable

Checks = dict[str, str]


def check_services() -> Checks:
    """Returns for PostgreSQL and Redis "ok" or what is wrong with it. Blocks."""
    return {"postgres": _check_postgres(), "redis": _check_redis()}


def has_pending_migrations() -> bool:
    """Whether the database lacks migrations of this code. Raises DatabaseError."""
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
