"""The real application on a real port, in a thread of the tests' process."""

import socket
import threading
from pathlib import Path

import uvicorn

from config.management.commands.serve import server_config
from config.server.tcp import limit_kernel_buffers
from tests.support.waiting import until


class Site:
    """The whole application behind uvicorn, in a thread of this process."""

    def __init__(self, static_root: Path) -> None:
        from django.conf import settings

        from config import asgi

        settings.STATIC_ROOT = static_root
        self.listener = socket.socket()
        limit_kernel_buffers(self.listener)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = uvicorn.Server(server_config(asgi.make_application()))
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True
        )
        self.thread.start()
        until(lambda: self.server.started or not self.thread.is_alive())
        assert self.server.started

    def cut(self) -> None:
        """Cuts all connections without a close frame."""
        for protocol in list(self.server.server_state.connections):
            transport = getattr(protocol, "transport", None)
            if transport:
                protocol.loop.call_soon_threadsafe(transport.abort)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)
        self.listener.close()
        assert not self.thread.is_alive(), "the site does not stop"
