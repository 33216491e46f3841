"""Runs the task queue: which workers there are, how much may wait, what becomes of jobs of killed workers.

A task is a function with procrastinate's decorator `@app.task`, in the module that it belongs to; the setting
PROCRASTINATE_IMPORT_PATHS names those modules. A job may run twice, when a worker was killed before it could
note that the job was done: each task must stand that. Jobs are deleted as soon as they have succeeded, or
have failed for good, which the log says: their arguments are kept no longer than needed.
See docs/decisions/0019-task-queue.md.
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

PICTURES, PICTURES_AHEAD, EMAIL, MAINTENANCE = "pictures", "pictures_ahead", "email", "maintenance"
# Jobs that may wait in a queue. What is refused then is made later, or is asked for again.
MOST_WAITING = {PICTURES: 64, PICTURES_AHEAD: 1000, EMAIL: 10_000, MAINTENANCE: 1000}
# The queues of each worker, and how many of their jobs it runs at once. One picture at a time leaves the rest
# of the machine to requests. A mail server that hangs delays no picture.
WORKERS = (((PICTURES, PICTURES_AHEAD), 1), ((EMAIL, MAINTENANCE), 2))
POLL_SECONDS = 5.0  # between two looks at the queue, where no notification of a job arrives
STALLED_SECONDS = 60.0  # without a heartbeat; then a worker counts as killed
STOP_SECONDS = 8.0  # for running jobs, when the process stops
RESTART_SECONDS = 2.0  # before workers try again that were stopped by an error
MOST_ATTEMPTS = 10  # of a job whose workers were killed: it may be the job that kills them
logger = logging.getLogger(__name__)


class WorkerStopped(Exception):
    """A worker ended by itself: it has logged why."""


def defer(task: "Task[..., Any, Any]", options: ConfigureTaskOptions, **arguments: Any) -> bool:
    """Adds a job, in the transaction of the caller; returns whether it is in the queue.

    It is not added where one with the same `queueing_lock` waits already. Returns False where too many wait.
    """
    if not has_room(options.get("queue") or task.queue):
        return False
    try:
        with transaction.atomic():  # a job that waits already must not end the caller's transaction
            task.configure(**options).defer(**arguments)
    except AlreadyEnqueued:
        logger.debug("This job is in the queue already: %s", options.get("queueing_lock"))
    return True


def has_room(queue: str) -> bool:
    """Returns whether another job may wait in a queue."""
    most = MOST_WAITING[queue]
    waiting = ProcrastinateJob.objects.filter(queue_name=queue, status=Status.TODO.value)
    return waiting[:most].count() < most


async def run_workers() -> None:
    """Runs this process's workers until it is cancelled; jobs that are running are finished then.

    A database that is away stops them; they start again when it is back.
    """
    is_reported = False
    while True:
        try:
            async with app.open_async():
                await _run_until_one_ends()
        except (ConnectorException, psycopg.Error, PoolTimeout, WorkerStopped, OSError) as error:
            if not is_reported:
                name = type(error.__cause__ or error).__name__
                logger.warning("Tasks wait for the database: %s", name)
            is_reported = True
        await asyncio.sleep(RESTART_SECONDS)


async def stop_workers(workers: "asyncio.Task[None]") -> None:
    """Ends the task that runs the workers. Running jobs have STOP_SECONDS; others are retried later.

    A cancellation can be lost (config.kernel.cancellation). Without the second one the process would go on.
    """
    workers.cancel()
    await asyncio.wait([workers], timeout=STOP_SECONDS)
    await cancel_and_wait([workers])


async def retry_stalled() -> None:
    """Retries the jobs of workers that were killed. Raises ConnectorException."""
    await app.job_manager.prune_stalled_workers(STALLED_SECONDS)
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            if job.attempts < MOST_ATTEMPTS:
                await app.job_manager.retry_job(job)
            else:
                await _give_up(job)
        except ConnectorException:  # another process was faster
            logger.info("A stalled job was retried elsewhere")


def close_connections(call_next: SyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Runs a task, then closes the database connection of its thread.

    Tasks run in the threads that asyncio shares among all that block: each would keep a connection.
    """
    try:
        return call_next()
    finally:
        connections.close_all()


async def _run_until_one_ends() -> None:
    """Runs all workers; the end of one is that of all. Raises why it ended."""
    running = [asyncio.create_task(_run_worker(*worker)) for worker in WORKERS]
    running.append(asyncio.create_task(_retry_stalled_for_ever()))
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


async def _retry_stalled_for_ever() -> None:
    while True:
        await retry_stalled()
        await asyncio.sleep(STALLED_SECONDS)


async def _give_up(job: Job) -> None:
    logger.error("A job failed because its workers were killed repeatedly: %s", job.task_name)
    await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
