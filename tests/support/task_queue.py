"""Runs the jobs that are due, with the real worker on the test's own connection."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate import utils
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from tests.support.waiting import until


def run_tasks(*, hours: float = 0) -> None:
    """Runs all jobs that are due, or will be in so many hours, until none is left.

    Waits for the workers of the site in a test that has them.

    The worker asks by Django's connection, and tasks run in the test's thread: a test in a transaction sees
    what they do.
    """
    if settings.TASKS:
        until(lambda: not jobs().exists())
        return
    with _in_this_thread(), mock.patch.object(app.periodic_registry, "periodic_tasks", {}):
        due = timezone.now() + timedelta(hours=hours)
        while jobs(status="todo").filter(scheduled_at=None).exists() or _advance(due):
            _work()


def get_drawn(client: Client, url: str, **options: Any) -> Any:
    """Asks for a picture; has a new one drawn, and asks again."""
    client.raise_request_exception = False  # that it is not drawn yet
    response = client.get(url, **options)
    client.raise_request_exception = True
    if response.status_code == 503:
        run_tasks()
        response = client.get(url, **options)
    return response


def jobs(**facts: Any) -> Any:
    """Returns the jobs in the queue."""
    return ProcrastinateJob.objects.filter(**facts)


def _advance(due: Any) -> int:
    """Makes the jobs due that wait for a moment until `due`; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = NULL"
            " WHERE status = 'todo' AND scheduled_at <= %s",
            [due],
        )
        return int(cursor.rowcount)


@contextmanager
def _in_this_thread() -> Iterator[None]:
    async def here(function: Any, *arguments: Any, **named: Any) -> Any:
        return await sync_to_async(function, thread_sensitive=True)(*arguments, **named)

    def decoded(row: dict[str, Any]) -> Job:
        return from_row(
            row | {"args": json.loads(row["args"])}
        )  # Django's connections leave JSON as text

    from_row = Job.from_row
    with (
        mock.patch.object(utils, "sync_to_async", here),
        mock.patch.object(Job, "from_row", decoded),
    ):
        yield


@async_to_sync
async def _work() -> None:
    await app.run_worker_async(
        wait=False,
        delete_jobs="always",
        install_signal_handlers=False,
        listen_notify=False,
        task_middleware=[],
    )
