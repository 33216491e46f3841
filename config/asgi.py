"""The ASGI application: static files, sockets, and Django behind them, on one port."""

import os
from typing import Any

from django import setup
from django.conf import settings
from servestatic import ServeStaticASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
setup(set_prefix=False)

from config.handler import Receive, Scope, Send, ThreadedASGIHandler  # noqa: E402 - needs setup()

NO_SUCH_SESSION = 4404


def static_headers(headers: Any, path: str, url: str) -> None:
    """Static files are no pages: nobody sniffs their type or runs them from elsewhere."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


async def refuse_socket(receive: Receive, send: Send) -> None:
    """No socket lives at this address. Accepted first: only then can a browser read the code."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NO_SUCH_SESSION, "reason": "no such session"})


async def lifespan(receive: Receive, send: Send, django: ThreadedASGIHandler) -> None:
    """Start at once; at the end close what the threads hold."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    django.close()
    await send({"type": "lifespan.shutdown.complete"})


def make_application() -> ServeStaticASGI:
    """Compose the application. Static files never reach Django."""
    django = ThreadedASGIHandler(settings.THREADS)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await django(scope, receive, send)
        elif scope["type"] == "websocket":
            await refuse_socket(receive, send)
        else:
            await lifespan(receive, send, django)

    return ServeStaticASGI(
        route,
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL,
        allow_all_origins=False,
        add_headers_function=static_headers,
    )


application = make_application()
