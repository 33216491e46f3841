"""Runs the task queue: its workers, the limits of its queues, retries of jobs whose workers were killed.

A task is a function with procrastinate's decorator `@app.task`. PROCRASTINATE_IMPORT_PATHS of the settings
names the modules that have tasks. A job may run twice, if its worker was killed before it recorded the end of
the job. So each task must be idempotent. Jobs are deleted when they have succeeded, or failed for the last
time, which is logged. So their arguments are stored no longer than needed. See
docs/decisions/0019-task-queue.md.
"""

import asyncio
import logging
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.middleware import SyncCallNext
from procrastinate.tasks import ConfigureTaskOptions, Task
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from config.kernel.cancellation import cancel_and_wait

PICTURES, EMAIL, MAINTENANCE = "pictures", "email", "maintenance"
# Previews that no request waits for yet. The value is in stored jobs, so it can't follow the name.
PICTURES_IN_ADVANCE = "pictures_ahead"
# Jobs that may wait in a queue. A job that is not added is added later, or with the next request.
MAX_WAITING = {PICTURES: 64, PICTURES_IN_ADVANCE: 1000, EMAIL: 10_000, MAINTENANCE: 1000}
# The queues of each worker, and how many of their jobs it runs at once. Drawing one picture at a time leaves
# the other processors to requests. Email has another worker, because a mail server may hang.
WORKERS = (((PICTURES, PICTURES_IN_ADVANCE), 1), ((EMAIL, MAINTENANCE), 2))
POLL_SECONDS = 5.0  # between two polls of the queue, if no notification of a job arrives
STALLED_SECONDS = 60.0  # without a heartbeat, after which a worker is treated as killed
STOP_SECONDS = 8.0  # for running jobs, when the process stops
RESTART_SECONDS = 2.0  # before workers are restarted after an error
MAX_ATTEMPTS = 10  # of a job whose workers were killed, because the job may be the cause
logger = logging.getLogger(__name__)


class WorkerStopped(Exception):
    """A worker ended by itself. It has logged the reason."""


def defer(task: "Task[..., Any, Any]", options: ConfigureTaskOptions, **arguments: Any) -> bool:
    """Adds a job in the transaction of the caller, and returns whether it is in the queue.

    It is not added again if a job with the same `queueing_lock` waits already. Returns False if the queue is
    full.
    """
    if not has_room(options.get("queue") or task.queue):
        return False
    try:
        with transaction.atomic():  # a duplicate job must not abort the caller's transaction
            task.configure(**options).defer(**arguments)
    except AlreadyEnqueued:
        logger.debug("The job is already in the queue: %s", options.get("queueing_lock"))
    return True


def has_room(queue: str) -> bool:
    """Returns whether a queue has room for another job."""
    limit = MAX_WAITING[queue]
    waiting = ProcrastinateJob.objects.filter(queue_name=queue, status=Status.TODO.value)
    return waiting[:limit].count() < limit


async def run_workers() -> None:
    """Runs the workers of this process until it is cancelled. Running jobs are finished then.

    The workers stop while the database is unavailable, and start again afterwards.
    """
    is_reported = False
    while True:
        try:
            async with app.open_async():
                await _run_until_one_ends()
        except (ConnectorException, psycopg.Error, PoolTimeout, WorkerStopped, OSError) as error:
            if not is_reported:
                name = type(error.__cause__ or error).__name__
                logger.warning("The task queue is waiting for the database: %s", name)
            is_reported = True
        await asyncio.sleep(RESTART_SECONDS)


async def stop_workers(workers: "asyncio.Task[None]") -> None:
    """Stops the workers. Jobs that do not end within STOP_SECONDS are retried later.

    It cancels twice, because a cancellation can be lost (config.kernel.cancellation).
    """
    workers.cancel()
    await asyncio.wait([workers], timeout=STOP_SECONDS)
    await cancel_and_wait([workers])


async def retry_stalled() -> None:
    """Retries the jobs of workers that were killed. Raises ConnectorException."""
    await app.job_manager.prune_stalled_workers(STALLED_SECONDS)
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            if job.attempts < MAX_ATTEMPTS:
                await app.job_manager.retry_job(job)
            else:
                await _fail_job(job)
        except ConnectorException:  # another process has retried it
            logger.info("Another process has retried a stalled job")


def close_connections(call_next: SyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Runs a task, then closes the database connection of its thread.

    Tasks run in asyncio's default thread pool. Otherwise each of its threads would keep a connection open.
    """
    try:
        return call_next()
    finally:
        connections.close_all()


async def _run_until_one_ends() -> None:
    """Runs all workers until one of them ends, then stops the others. Raises the error of the first."""
    running = [asyncio.create_task(_run_worker(*worker)) for worker in WORKERS]
    running.append(asyncio.create_task(_retry_stalled_periodically()))
    try:
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for task in ended:
        task.result()


async def _run_worker(queues: tuple[str, ...], concurrency: int) -> None:
    await app.run_worker_async(
        queues=list(queues),
        concurrency=concurrency,
        name=queues[0],
        listen_notify=settings.TASKS_LISTEN,
        fetch_job_polling_interval=POLL_SECONDS,
        stalled_worker_timeout=STALLED_SECONDS,
        delete_jobs="always",
        install_signal_handlers=False,
        task_middleware=[close_connections],
    )
    raise WorkerStopped


async def _retry_stalled_periodically() -> None:
    while True:
        await retry_stalled()
        await asyncio.sleep(STALLED_SECONDS)


async def _fail_job(job: Job) -> None:
    logger.error("A job failed because its workers were killed repeatedly: %s", job.task_name)
    await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
