"""Draws pictures in a process of its own.

Drawing takes a processor for a tenth of a second and much memory. In the server's process requests would
wait for it, and would not free memory. The process starts with the first picture, runs at low priority, and
ends when it has nothing to do.
"""

import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from maps.drawing.pictures import render as render_here
from maps.terrain.grid import Grid, Point

IDLE_SECONDS = 30.0  # after which the process ends
NICENESS = 5


def render(grid: Grid, path: Sequence[Point], spawn: Point, goal: Point, size: str) -> bytes:
    """Returns a picture, as `pictures.render` does. Raises what that raises, EOFError if it is killed."""
    return _drawing.render(grid, path, spawn, goal, size)


def draw_until_idle(requests: "Connection[object, object]") -> None:
    """Runs the process: draws requests until the server ends or is idle."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the server, which finishes its jobs
    os.nice(NICENESS)
    try:
        while requests.poll(IDLE_SECONDS):
            arguments: tuple[Grid, Sequence[Point], Point, Point, str] = requests.recv()  # type: ignore[assignment]
            requests.send(_drawn(*arguments))
    except (EOFError, BrokenPipeError):  # the server has ended
        return


def _drawn(
    grid: Grid, path: Sequence[Point], spawn: Point, goal: Point, size: str
) -> bytes | Exception:
    try:
        return render_here(grid, path, spawn, goal, size)
    except Exception as error:  # the server raises it again
        return error


class DrawingProcess:
    """The process, and the connection to it. Draws one picture at a time."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: BaseProcess | None = None
        self._requests: Connection[object, object]

    def render(self, *arguments: object) -> bytes:
        """Returns a picture. A process that ends as it is asked is started again."""
        with self._guard:
            try:
                result = self._ask(arguments)
            except (EOFError, OSError):
                self._end()
                result = self._ask(arguments)
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, bytes)
        return result

    def _ask(self, arguments: tuple[object, ...]) -> object:
        if self._process is None or not self._process.is_alive():
            self._end()
            self._start()
        self._requests.send(arguments)
        return self._requests.recv()

    def _start(self) -> None:
        context = get_context("spawn")  # a copy of the server would have its threads' locks
        self._requests, theirs = context.Pipe()
        process = context.Process(target=draw_until_idle, args=(theirs,), daemon=True)
        process.start()
        theirs.close()  # so that the end of the process ends the wait for it
        self._process = process

    def _end(self) -> None:
        if self._process is not None:
            self._requests.close()
            self._process.join(1)
            self._process = None


_drawing = DrawingProcess()
