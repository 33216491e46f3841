"""Limits of the kernel for a TCP connection, and what the kernel knows of one."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

SEND_BUFFER_BYTES = 256 * 1024  # sent to the kernel, and not yet read by the client
RECEIVE_BUFFER_BYTES = 128 * 1024  # sent by the client, and not yet read by this process
UNACKED_TIMEOUT_SECONDS = 7.0  # after which a connection ends whose client confirms nothing
# Where `struct tcp_info` of Linux has `tcpi_bytes_acked` (linux/tcp.h), and how much of it is read.
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
    """Returns how many bytes the client's kernel has confirmed. None where that is unknown (not Linux).

    The transport does not know: for it, a response is one write, which is complete or not.
    """
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError, struct.error):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        return int(struct.unpack_from("Q", info, ACKED_BYTES_OFFSET)[0])
    return None


class LenientTransport:
    """A transport that drops what is written after its end.

    uvicorn tells only the newest request of a connection that the client has left. Those before it go on
    sending, which uvloop reports as an error.
    """

    __slots__ = ("is_closing", "send", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.is_closing, self.send = transport.is_closing, transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """Sends bytes."""
        if not self.is_closing():
            self.send(data)
