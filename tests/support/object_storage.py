"""An S3 server for pictures."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from config.storage.urls import read_media_url
from tests.support.waiting import until


def is_reachable(url: str) -> bool:
    """Returns whether a server responds at an address, with any status."""
    try:
        httpx.get(url, timeout=2)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Starts an S3 server of moto with the tests' bucket; yields its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: is_reachable(f"http://127.0.0.1:{port}/"))
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def use_bucket(settings: Any, host: str, bucket: str = "pictures") -> None:
    entry = read_media_url(f"s3+http://key:a%2Fsecret@{host}/{bucket}?region=eu-west-1")
    settings.STORAGES = settings.STORAGES | {"default": entry}
