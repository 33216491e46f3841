"""A thousand slow clients at a real process, at every rate from silence to a byte a second.

Meanwhile a normal client requests a page, a list and the health of the process repeatedly: each
must get a response. Its waiting times are printed, not asserted.
"""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.processes import ServeProcess, memory, running_server

POST = b"POST /api/v1/maps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2400000\r\n\r\n"
SOCKET = (
    b"GET /ws/nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
BUNDLE = b"/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
# What a client sends at once, what it then sends each second, and how many bytes it reads each second.
PACES: dict[str, tuple[bytes, bytes, int]] = {
    "no byte": (b"", b"", 0),
    "half a head": (POST[:30], b"", 0),
    "a byte of a head": (b"", b"X", 0),
    "no body": (POST, b"", 0),
    "a byte of a body": (POST, b"x", 0),
    "100 bytes of a body": (POST, b"x" * 100, 0),
    "nearly a whole body": (POST + b"x" * 2_300_000, b"", 0),
    "nothing is read": ((GET % BUNDLE + GET % b"/privacy/") * 4, b"", 0),
    "a byte is read": ((GET % BUNDLE + GET % b"/privacy/") * 4, b"", 1),
    "100 bytes are read": ((GET % BUNDLE + GET % b"/privacy/") * 4, b"", 100),
    "half a handshake": (SOCKET[:100], b"", 0),
    "a socket that is refused, and does not close": (SOCKET, b"", 0),
}
HONEST = ("/maps/", "/api/v1/maps", "/privacy/", "/health/live", "/health/ready")
LONGEST = 40.0  # seconds after which a slow client must be gone
AFTERWARDS = (
    128.0  # MB that the process may have grown by: small bodies of 1,500, and 16 MiB of large ones
)


# How many clients there are of each pace.
MIXTURES: dict[str, dict[str, int]] = {
    "one of each": dict.fromkeys(PACES, 1),
    "130 of each": dict.fromkeys(PACES, 130),
    "1,510 without a body": {"no body": 1510},
    "1,510 that read nothing": {"nothing is read": 1510},
    "1,510 sockets": {"a socket that is refused, and does not close": 1510},
}


@pytest.fixture(params=["0", "1"], ids=["direct", "behind a proxy"])
def server(data: Path, request: pytest.FixtureRequest) -> Iterator[ServeProcess]:
    with running_server(data, "--no-demo", TRUSTED_PROXIES=request.param) as running:
        yield running
        assert running.end(signal.SIGTERM) == 0


def clients_of(port: int) -> set[int]:
    """The ports of the clients whose connections the server still has open."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    here = f":{port:04X}"
    return {int(row[2][-4:], 16) for row in rows if row[1].endswith(here) and row[3] == "01"}


class SlowClients:
    """Slow clients, and since when each is gone."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: set[int] = set()

    async def watch(self) -> None:
        """Checks now and then which connections are open."""
        while True:
            self.connected = clients_of(self.port)
            await asyncio.sleep(0.25)

    async def send_slowly(self, first: bytes, each: bytes, reads: int) -> float | None:
        """Sends and reads at a fixed rate; returns the seconds until the server ended the connection.

        None where it did not.
        """
        loop, began = asyncio.get_running_loop(), time.monotonic()
        with socket.socket() as client, contextlib.suppress(OSError):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", self.port))
            sending = asyncio.create_task(loop.sock_sendall(client, first))
            try:
                while time.monotonic() - began < LONGEST:
                    await asyncio.sleep(1)
                    if client.getsockname()[1] not in self.connected:
                        return time.monotonic() - began
                    if sending.done():
                        sending.result()
                        client.send(each)
                    if reads:
                        client.recv(reads)
                return None
            finally:  # before the socket is closed: its number would be another one's
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        return time.monotonic() - began  # it was reset


async def ask_on(url: str, until: asyncio.Event) -> tuple[list[float], list[int | str]]:
    """Sends normal requests from another address; returns the seconds of each, and the refused ones."""
    times: list[float] = []
    refused: list[int | str] = []
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=url, timeout=10, transport=transport) as client:
        n = 0
        while not until.is_set():
            for path in HONEST:
                n += 1
                began = time.monotonic()
                address = {"X-Forwarded-For": f"10.1.{n // 250 % 250}.{n % 250}"}
                try:
                    response = await client.get(path, headers=address)
                except httpx.TransportError as error:
                    refused.append(type(error).__name__)
                else:
                    if response.status_code not in (200, 429):
                        refused.append(response.status_code)
                times.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
    return sorted(times), refused


@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES)
def test_slow_clients_do_not_prevent_others_from_connecting(
    server: ServeProcess, mixture: dict[str, int]
) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    before = memory(server.process.pid)

    async def scenario() -> tuple[list[float | None], list[float], list[int | str]]:
        until, slow_clients = asyncio.Event(), SlowClients(port)
        watching = asyncio.create_task(slow_clients.watch())
        honest = asyncio.create_task(ask_on(server.url, until))
        slow = await asyncio.gather(
            *(
                slow_clients.send_slowly(*PACES[name])
                for name, count in mixture.items()
                for _ in range(count)
            )
        )
        until.set()
        times, refused = await honest
        watching.cancel()
        return slow, times, refused

    ends, times, refused = asyncio.run(scenario())
    slow = sorted(end for end in ends if end is not None)
    grown = memory(server.process.pid) - before
    print(  # noqa: T201
        f"\n{len(slow)} slow clients gone after {slow[0]:.1f} to {slow[-1]:.1f} s; honest:"
        f" {len(times)} responses, p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms,"
        f" refused {refused}; {grown:+.1f} MB"
    )
    assert not refused
    assert len(slow) == len(ends)  # the server ended each of them
    assert grown < AFTERWARDS
