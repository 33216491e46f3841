"""Draws pictures in a separate process.

Drawing takes 0.1 s of CPU time and much memory. In the server's process it would block requests, and the
memory would not be freed. The process starts with the first picture, has a low priority, and ends when it
is idle.
"""

import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from maps.terrain.grid import Grid, Point

IDLE_SECONDS = 30.0  # after which the process ends
NICENESS = 5


def render(grid: Grid, path: Sequence[Point], spawn: Point, goal: Point, size: str) -> bytes:
    """Returns a picture like `pictures.render`. Raises its errors, and EOFError if the process is killed."""
    return _drawing.render(grid, path, spawn, goal, size)


def draw_until_idle(requests: "Connection[object, object]") -> None:
    """Runs the process: draws pictures until the server has ended or no request arrives for IDLE_SECONDS."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the server finishes its jobs
    os.nice(NICENESS)
    try:
        while requests.poll(IDLE_SECONDS):
            arguments: tuple[Grid, Sequence[Point], Point, Point, str] = requests.recv()  # type: ignore[assignment]
            requests.send(_draw(*arguments))
    except (EOFError, BrokenPipeError):  # the server has ended
        return


def _draw(
    grid: Grid, path: Sequence[Point], spawn: Point, goal: Point, size: str
) -> bytes | Exception:
    from maps.drawing import pictures  # the server does not need its libraries

    try:
        return pictures.render(grid, path, spawn, goal, size)
    except Exception as error:  # the server raises it again
        return error


class DrawingProcess:
    """The process, and the connection to it. Draws one picture at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._requests: Connection[object, object]

    def render(self, *arguments: object) -> bytes:
        """Returns a picture. If the process ends during a request, it is restarted, once."""
        with self._lock:
            try:
                result = self._request(arguments)
            except (EOFError, OSError):
                self._stop()
                result = self._request(arguments)
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, bytes)
        return result

    def _request(self, arguments: tuple[object, ...]) -> object:
        if self._process is None or not self._process.is_alive():
            self._stop()
            self._start()
        self._requests.send(arguments)
        return self._requests.recv()

    def _start(self) -> None:
        # A forked process would inherit locks of the server's threads.
        context = get_context("spawn")
        self._requests, child_end = context.Pipe()
        process = context.Process(target=draw_until_idle, args=(child_end,), daemon=True)
        process.start()
        child_end.close()  # otherwise recv would not raise EOFError when the process ends
        self._process = process

    def _stop(self) -> None:
        if self._process is not None:
            self._requests.close()
            self._process.join(1)
            self._process = None


_drawing = DrawingProcess()
