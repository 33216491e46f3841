"""A first start that is killed, or run twice. Slow: only `make faults` runs these."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.processes import ROOT, ServeProcess, environment, running_server, servers_of


@pytest.mark.parametrize("kill_all", [False, True], ids=["the program", "its servers too"])
def test_kill_9_at_ten_random_moments_of_a_first_start(data: Path, kill_all: bool) -> None:
    moments = random.Random(20260701 + kill_all)
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment(data),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(moments.uniform(0.1, 6))  # the moment is the point, not a wait for something
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if kill_all:
            for pid in servers_of(data):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    with running_server(data) as server:
        page = httpx.get(server.url + "/maps/").text
        assert page.count('class="card"') == 24
        style = page.split('rel="stylesheet" href="')[1].split('"')[0]
        assert httpx.get(server.url + style).status_code == 200
        password = (data / "secrets" / "demo_password").read_text()
        login = {"username": "admin", "password": password}
        assert httpx.post(server.url + "/api/v1/auth/login", json=login).status_code == 200
    assert servers_of(data) == {}


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has folders that root's helpers can't enter"
)
def test_root_can_start_the_demo_in_a_closed_folder(tmp_path: Path) -> None:
    """Like a clone below /root: the account that runs PostgreSQL cannot reach programs and data."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    with running_server(data) as server:
        assert httpx.get(server.url + "/health/ready").status_code == 200
    assert (data / "servers").is_symlink()
    assert closed.stat().st_mode & 0o777 == 0o700  # still closed to others
    elsewhere = (data / "servers").resolve()
    assert servers_of(data) == {}
    shutil.rmtree(elsewhere)


def test_two_first_starts_at_once(data: Path) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    options: dict[str, Any] = {"cwd": ROOT, "env": environment(data), "stderr": subprocess.PIPE}
    both = [subprocess.Popen(command, **options) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert 0 in {process.returncode for process in both}  # to migrate twice is Django's affair
    assert not any(b"can't be used" in words for words in said)  # the servers survive it
    servers = [ServeProcess(data), ServeProcess(data)]
    for server in servers:
        assert httpx.get(server.url + "/maps/").text.count('class="card"') == 24
        assert server.end(signal.SIGTERM) == 0
    assert servers_of(data) == {}
