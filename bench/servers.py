"""Servers, commands and load for the benchmarks."""

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

from bench.players import new_player

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.setdefault("TRIBEHOLD_DATA", str(ROOT / ".data-bench")))
ADDRESSES = str(Path(__file__).parent / "addresses.lua")
CONNECTIONS = 16


@dataclass(frozen=True)
class RunningServer:
    """A server that is ready for requests."""

    url: str
    pid: int

    def memory(self) -> float:
        """Returns the resident memory in megabytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+)", text)
        assert match
        return int(match[1]) / 1024

    def sign_up(self, players: int) -> list[str]:
        """Signs up new players, each from another address. Returns their access tokens."""
        return [self._sign_up(n) for n in range(players)]

    def _sign_up(self, n: int) -> str:
        response = httpx.post(
            self.url + "/api/v1/auth/register",
            json=new_player() | {"accept_privacy_policy": True},
            headers={"X-Forwarded-For": f"10.9.{n // 250}.{n % 250}"},
        )
        return str(response.raise_for_status().json()["access"])

    def requests_per_second(
        self, path: str, seconds: int = 4, script: str = ADDRESSES, arguments: Sequence[str] = ()
    ) -> float:
        """Returns the throughput of wrk with CONNECTIONS. The script gets the arguments."""
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, self.url + path]
        command += ["--", *arguments]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "Non-2xx" not in output, f"{path}: {output}"
        match = re.search(r"Requests/sec:\s+([\d.]+)", output)
        assert match, output
        return float(match[1])


@contextlib.contextmanager
def run_server(port: int, *command: str, **environment: str) -> Iterator[RunningServer]:
    """Runs a server on a port during a block, which starts when the server is ready."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url + "/api/v1/maps").status_code == 200:
                    break
            time.sleep(0.1)
        yield RunningServer(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def run_tribehold(
    port: int, **environment: str
) -> contextlib.AbstractContextManager[RunningServer]:
    """Runs Tribehold with the command `serve` during a block. It trusts one proxy."""
    return run_server(
        port, "manage.py", "serve", "--no-demo", PORT=str(port), TRUSTED_PROXIES="1", **environment
    )


def manage(*command: str, **environment: str) -> None:
    """Runs a command of manage.py."""
    subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, check=True, env=os.environ | environment
    )


def request_times(client: httpx.Client, path: str, rounds: int) -> list[float]:
    """Returns the sorted milliseconds of sequential requests, each from another address."""
    times = []
    for n in range(rounds):
        started = time.perf_counter()
        response = client.get(path, headers={"X-Forwarded-For": f"10.{n % 250}.{n // 250}.9"})
        times.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200, (path, response.text)
    return sorted(times)
