"""Servers, data and load for the measurements."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.people import new_player

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.setdefault("TRIBEHOLD_DATA", str(ROOT / ".data-bench")))
ADDRESSES = str(Path(__file__).parent / "addresses.lua")
CONNECTIONS = 16


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    pid: int

    def memory(self) -> float:
        """Resident memory in megabytes."""
        said = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", said)
        assert found
        return int(found[1]) / 1024

    def sign_up(self, players: int) -> list[str]:
        """Access tokens of new players, each from an address of its own."""
        return [self._sign_up(n) for n in range(players)]

    def _sign_up(self, n: int) -> str:
        answer = httpx.post(
            self.url + "/api/v1/auth/register",
            json=new_player() | {"accept_privacy_policy": True},
            headers={"X-Forwarded-For": f"10.9.{n // 250}.{n % 250}"},
        )
        return str(answer.raise_for_status().json()["access"])

    def requests_a_second(
        self, path: str, seconds: int = 4, script: str = ADDRESSES, words: Sequence[str] = ()
    ) -> float:
        """What wrk gets through with CONNECTIONS at once; each request from another address.

        The words are for the script.
        """
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, self.url + path]
        command += ["--", *words]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "Non-2xx" not in said, f"{path}: {said}"
        found = re.search(r"Requests/sec:\s+([\d.]+)", said)
        assert found, said
        return float(found[1])


@contextlib.contextmanager
def running(port: int, *command: str, **more: str) -> Iterator[Running]:
    """A server that answers on a port while the block runs."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=os.environ | more, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url + "/api/v1/maps").status_code == 200:
                    break
            time.sleep(0.1)
        yield Running(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def ours(port: int, **more: str) -> contextlib.AbstractContextManager[Running]:
    """Tribehold as `serve` starts it, believing one proxy about addresses."""
    return running(
        port, "manage.py", "serve", "--no-demo", PORT=str(port), TRUSTED_PROXIES="1", **more
    )


def manage(*command: str, **more: str) -> None:
    """Run a command of manage.py."""
    subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, check=True, env=os.environ | more
    )


def median_time(client: httpx.Client, path: str, rounds: int) -> list[float]:
    """Milliseconds of requests one after another, sorted; each from another address."""
    times = []
    for n in range(rounds):
        begun = time.perf_counter()
        answer = client.get(path, headers={"X-Forwarded-For": f"10.{n % 250}.{n // 250}.9"})
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, (path, answer.text)
    return sorted(times)
