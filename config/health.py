"""Whether the process can do its work. Whether it lives, config/asgi.py answers."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from config.redis import durable


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when PostgreSQL, Redis and the schema are ready for requests, 503 with the culprit else."""
    checks = {"postgres": _postgres(), "redis": _redis()}
    good = all(answer == "ok" for answer in checks.values())
    status = {"status": "ok" if good else "unavailable", **checks}
    return JsonResponse(status, status=200 if good else 503)


def has_pending_migrations() -> bool:
    """Whether the database lacks migrations of this code. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _postgres() -> str:
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
