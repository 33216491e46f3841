"""Kernel limits of TCP connections, and kernel statistics of a connection."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

SEND_BUFFER_BYTES = 256 * 1024  # sent to the kernel, and not yet read by the client
RECEIVE_BUFFER_BYTES = 128 * 1024  # sent by the client, and not yet read by this process
UNACKED_TIMEOUT_SECONDS = 7.0  # without an acknowledgement from the client
# The offset of `tcpi_bytes_acked` in Linux's `struct tcp_info` (linux/tcp.h), and how many bytes are read.
ACKED_BYTES_OFFSET, TCP_INFO_SIZE = 120, 192


def limit_kernel_buffers(listener: socket.socket) -> None:
    """Limits what the kernel buffers for each connection of a listener, and for how long.

    The defaults are megabytes for each connection. A closed connection with unsent data would stay for a
    quarter of an hour.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        milliseconds = int(UNACKED_TIMEOUT_SECONDS * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def read_acked_bytes(transport: asyncio.Transport) -> int | None:
    """Returns how many bytes the client's kernel has acknowledged. None if that is unknown (not Linux).

    The transport only knows whether all of a response was sent.
    """
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError, struct.error):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        return int(struct.unpack_from("Q", info, ACKED_BYTES_OFFSET)[0])
    return None


class LenientTransport:
    """A transport that ignores writes after its end.

    uvicorn notifies only the newest request of a connection that the client has disconnected. Earlier
    requests continue to send, which uvloop reports as an error.
    """

    __slots__ = ("is_closing", "send", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.is_closing, self.send = transport.is_closing, transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Sends bytes, unless the connection is closing."""
        if not self.is_closing():
            self.send(data)
