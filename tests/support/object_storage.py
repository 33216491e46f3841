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


def answers(url: str) -> bool:
    """Whether anybody answers at an address, whatever it says."""
    try:
        httpx.get(url, timeout=2)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3 of moto's in a process of its own; the tests' bucket is there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/"))
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def use_bucket(settings: Any, host: str, bucket: str = "pictures") -> None:
    entry = read_media_url(f"s3+http://key:a%2Fsecret@{host}/{bucket}?region=eu-west-1")
    settings.STORAGES = settings.STORAGES | {"default": entry}
