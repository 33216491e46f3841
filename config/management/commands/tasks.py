"""`manage.py tasks`: runs the task queue in a process of its own."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from config.ops import logs
from config.ops.task_queue import run_workers, stop_workers


class Command(BaseCommand):
    """Runs jobs until SIGTERM or SIGINT. Running jobs are finished then."""

    help = "Run the task queue: email, pictures, maintenance. For servers with TRIBEHOLD_TASKS=off."

    def handle(self, *arguments: Any, **options: Any) -> None:
        logs.install_exception_hooks()
        if options["verbosity"]:
            self.stdout.write("The task queue is running. Ctrl-C stops it.")
            self.stdout.flush()
        asyncio.run(run_until_stopped())


async def run_until_stopped() -> None:
    """Runs the workers until SIGTERM or SIGINT."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    workers = asyncio.create_task(run_workers())
    await stopped.wait()
    await stop_workers(workers)
