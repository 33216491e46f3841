"""`manage.py` in processes of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.support.waiting import until

START_SECONDS = 90.0
ROOT = Path(__file__).parent.parent.parent


def environment(data: Path, **more: str) -> dict[str, str]:
    """Returns the environment of a demo: only the data directory is configured."""
    ours = (
        "DATABASE_URL",
        "REDIS_URL",
        "REDIS_CACHE_URL",
        "DJANGO_SETTINGS_MODULE",
        "TRIBEHOLD_ENV",
    )
    stored = {name: value for name, value in os.environ.items() if name not in ours}
    return stored | {"TRIBEHOLD_DATA": str(data), "PORT": "0", "PYTHONUNBUFFERED": "1"} | more


def manage(data: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command until it ends."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(data, **more),
        capture_output=True,
        text=True,
        timeout=90,
    )


class ServeProcess:
    """A running `manage.py serve`."""

    def __init__(self, data: Path, *arguments: str, **more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", *arguments],
            cwd=ROOT,
            env=environment(data, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        # Its log is read all the time, or a full pipe stops it.
        self.reader = threading.Thread(target=self.read_on, daemon=True)
        self.reader.start()
        try:
            until(lambda: "Ctrl-C" in self.said or not self.reader.is_alive(), START_SECONDS)
            found = re.search(r"http://localhost:\d+", self.said)
            assert found, self.said
            self.url = found.group()
            until(self.is_ready)
        except BaseException:
            self.process.kill()
            raise

    def read_on(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line

    def is_ready(self) -> bool:
        try:
            return httpx.get(self.url + "/health/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(10)
        assert not self.reader.is_alive(), "a process that it started goes on"
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.returncode


@contextlib.contextmanager
def running_server(data: Path, *arguments: str, **more: str) -> Iterator[ServeProcess]:
    server = ServeProcess(data, *arguments, **more)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGTERM)


def servers_of(data: Path) -> dict[int, str]:
    """The PostgreSQL and Redis processes that belong to a data directory: id and command line."""
    listing = subprocess.run(
        ["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True
    ).stdout
    rows = (line.split(maxsplit=1) for line in listing.splitlines())
    home = str((data / "servers").resolve())
    return {int(pid): line for pid, line in rows if home in line and "manage.py" not in line}


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the account which runs PostgreSQL can reach; pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="tribehold-test-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def memory(pid: int) -> float:
    """Returns the memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def run_setup(data: Path, *command: str) -> str:
    """Runs a command of `fault_setup.py` in a process that knows the servers of the test."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.fault_setup", *command],
        cwd=ROOT,
        env=environment(data, DJANGO_SETTINGS_MODULE="config.settings"),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
