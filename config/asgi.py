"""The ASGI application: static files, sockets, and Django behind them, on one port."""

import contextlib
import gc
import os
from pathlib import Path
from typing import Any

from django import setup
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from servestatic import ServeStaticASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
setup(set_prefix=False)

from accounts.tokens.token_cache import TokenCache  # noqa: E402 - needs setup()
from config.limits.request_limits import RequestCounter  # noqa: E402
from config.ops.health import Health  # noqa: E402
from config.server.fast_lane import FastLane  # noqa: E402
from config.server.handler import Receive, Scope, Send, ThreadedASGIHandler  # noqa: E402
from config.server.response_cache import ResponseCache  # noqa: E402
from config.storage.files import public_names  # noqa: E402
from maps.browse.cacheable import CacheableMapReads  # noqa: E402
from maps.previews.preview_files import worker  # noqa: E402
from sessions_app.live.endpoint import Live  # noqa: E402

# That make the garbage collector look; at its usual 700 it took a tenth of the time when a thousand players
# come back at once.
GC_THRESHOLD = 20_000
CHUNK_BYTES = (
    64 * 1024
)  # bytes of a static file; the next part is read when the client has taken this one


class StaticFiles(ServeStaticASGI):  # type: ignore[misc] # it has no types
    """Static files by ServeStatic, read in the event loop.

    Its own way of reading starts a thread for each request, which lives as long as its client reads.
    The files are few and in the system's cache, so that reading a part takes less time than starting a
    thread. A client that reads slowly keeps one part in memory, not the file. Only what the manifest names
    is served, whatever else lies in the folder.
    """

    def update_files_dictionary(self, root: str, prefix: str) -> None:
        """Find the files to serve, at the start."""
        self.public = {str(Path(root) / name) for name in public_names(Path(root))}
        super().update_files_dictionary(root, prefix)

    def add_file_to_dictionary(self, url: str, path: str, **options: Any) -> None:
        """Serve a file, if it is one of those."""
        if path in self.public:
            super().add_file_to_dictionary(url, path, **options)

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
        if response.file is not None:
            with response.file:
                while part := response.file.read(CHUNK_BYTES):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def static_headers(headers: Any, path: str, url: str) -> None:
    """Forbid browsers to guess the types of static files, and other sites to use them."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


async def lifespan(
    receive: Receive,
    send: Send,
    django: ThreadedASGIHandler,
    lane: FastLane,
    reads: CacheableMapReads,
    live: Live,
    health: Health,
    counter: RequestCounter,
) -> None:
    """Start at once; at the end close what the threads and the fast lane hold."""
    await receive()
    async with contextlib.AsyncExitStack() as ends:  # one that fails keeps no other from its end
        ends.callback(health.close)
        ends.callback(django.close)
        ends.push_async_callback(counter.close)
        ends.push_async_callback(lane.close)
        ends.push_async_callback(reads.close)
        await reads.open()
        ends.push_async_callback(live.close)
        await live.open()
        ends.callback(worker.close)
        worker.foresees = True
        gc.collect()
        gc.freeze()  # modules never become garbage; looking through them takes a tenth of a second
        gc.set_threshold(GC_THRESHOLD)
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


def make_application() -> StaticFiles:
    """Composes the application. Raises ImproperlyConfigured with all mistakes in the configuration."""
    if settings.CONFIGURATION_MISTAKES:  # a server that is not ours runs no system checks
        raise ImproperlyConfigured("\n".join(settings.CONFIGURATION_MISTAKES))
    django = ThreadedASGIHandler(settings.THREADS)
    reads = CacheableMapReads(ResponseCache(settings.HOT_CACHE_BYTES, settings.HOT_CACHE_SECONDS))
    counter = RequestCounter()
    lane = FastLane(django, reads.routes, reads.memory, TokenCache(), counter)
    live, health = Live(counter), Health()

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await live(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(receive, send, django, lane, reads, live, health, counter)
        elif scope["path"] in Health.PATHS:
            await health(scope, send)
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
