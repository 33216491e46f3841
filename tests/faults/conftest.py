"""Fixtures of the fault tests."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import open_folder, servers_of


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory of the test's own, whose servers end with it."""
    with open_folder() as folder:
        yield folder / "data"
        for pid in servers_of(folder / "data"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def no_redis() -> None:
    """Lets these tests ask Redis: each has servers of its own."""
