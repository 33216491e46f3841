"""The ASGI application: static files, sockets, and Django behind them, on one port."""

import contextlib
import gc
import os
from typing import Any

from django import setup
from django.conf import settings
from servestatic import ServeStaticASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
setup(set_prefix=False)

from accounts.known_tokens import KnownTokens  # noqa: E402 - needs setup()
from config.fastlane import FastLane  # noqa: E402
from config.handler import Receive, Scope, Send, ThreadedASGIHandler  # noqa: E402
from config.memory import Memory  # noqa: E402
from maps.hot import HotReads  # noqa: E402
from maps.picturing import worker  # noqa: E402
from sessions_app.live import Live  # noqa: E402

# That make the garbage collector look; at its usual 700 it took a tenth of the time when a thousand players
# come back at once.
NEW_OBJECTS = 20_000


class StaticFiles(ServeStaticASGI):  # type: ignore[misc] # it has no types
    """Static files by ServeStatic, read at once.

    Its own way of reading starts a thread for each request, which lives as long as its client reads.
    The files are few and small, so that reading one takes less time than starting a thread.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file, or hand over to the application."""
        file = self.files.get(scope["path"]) if scope["type"] == "http" else None
        if file is None:
            await self.application(scope, receive, send)
            return
        names = ((k.decode("latin1"), v.decode("latin1")) for k, v in scope["headers"])
        wsgi_headers = {"HTTP_" + k.upper().replace("-", "_"): v for k, v in names}
        response = file.get_response(scope["method"], wsgi_headers)
        headers = [(k.lower().encode("latin1"), v.encode("latin1")) for k, v in response.headers]
        status = int(response.status)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b""
        if response.file is not None:
            with response.file:
                body = response.file.read()
        await send({"type": "http.response.body", "body": body})


def static_headers(headers: Any, path: str, url: str) -> None:
    """Forbid browsers to guess the types of static files, and other sites to use them."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


async def say_alive(send: Send) -> None:
    """Answer `/health/live` without a thread: a busy process is alive."""
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"status": "ok"}'})


async def lifespan(
    receive: Receive,
    send: Send,
    django: ThreadedASGIHandler,
    lane: FastLane,
    reads: HotReads,
    live: Live,
) -> None:
    """Start at once; at the end close what the threads and the fast lane hold."""
    await receive()
    async with contextlib.AsyncExitStack() as ends:  # one that fails keeps no other from its end
        ends.callback(django.close)
        ends.push_async_callback(lane.close)
        ends.push_async_callback(reads.close)
        await reads.open()
        ends.push_async_callback(live.close)
        await live.open()
        ends.callback(worker.close)
        worker.foresees = True
        gc.collect()
        gc.freeze()  # modules never become garbage; looking through them takes a tenth of a second
        gc.set_threshold(NEW_OBJECTS)
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


def make_application() -> StaticFiles:
    """Compose the application. Static files never reach Django."""
    django = ThreadedASGIHandler(settings.THREADS)
    reads = HotReads(Memory(settings.HOT_CACHE_BYTES, settings.HOT_CACHE_SECONDS))
    lane = FastLane(django, reads.routes, reads.memory, KnownTokens())
    live = Live()

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await live(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(receive, send, django, lane, reads, live)
        elif scope["path"] == "/health/live":
            await say_alive(send)
        else:
            await lane(scope, receive, send)

    return StaticFiles(
        route,
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL,
        allow_all_origins=False,
        add_headers_function=static_headers,
    )


application = make_application()
