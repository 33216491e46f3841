"""The ASGI application: static files, sockets, and Django behind them, on one port."""

import asyncio
import contextlib
import gc
import os

from channels.routing import ProtocolTypeRouter
from django import setup
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
setup(set_prefix=False)

from config.db.notifications import Listener  # noqa: E402 - needs setup()
from config.limits.request_policies import RequestCounter  # noqa: E402
from config.ops.task_queue import run_workers, stop_workers  # noqa: E402
from config.server.asgi import Receive, Scope, Send  # noqa: E402
from config.server.cross_origin import CrossOrigin  # noqa: E402
from config.server.fast_lane import CachedResponse, FastLane  # noqa: E402
from config.server.handler import ThreadedASGIHandler  # noqa: E402
from config.server.health import Health  # noqa: E402
from config.server.limited_requests import LimitedRequests  # noqa: E402
from config.server.response_cache import ResponseCache  # noqa: E402
from config.server.static_files import StaticFiles, set_static_headers  # noqa: E402
from maps.browse.cacheable import CacheableMapReads  # noqa: E402
from sessions_app.live.routing import WebSocketApplication  # noqa: E402

# New objects after which the garbage collector runs. With Python's default of 700, it took a tenth of the
# time when a thousand players reconnected.
GC_THRESHOLD = 20_000


async def lifespan(
    receive: Receive,
    send: Send,
    django: ThreadedASGIHandler,
    listener: Listener,
    reads: CacheableMapReads,
    sockets: WebSocketApplication,
    health: Health,
    counter: RequestCounter,
) -> None:
    """Opens the resources of the application, and closes them at the end."""
    await receive()
    async with contextlib.AsyncExitStack() as stack:  # closes the others if one fails
        stack.callback(health.close)
        stack.callback(django.close)
        stack.push_async_callback(counter.close)
        stack.push_async_callback(reads.close)
        await reads.open()
        stack.push_async_callback(listener.close)
        listener.open()
        stack.push_async_callback(sockets.close)
        await sockets.open()
        if settings.TASKS:
            stack.push_async_callback(stop_workers, asyncio.create_task(run_workers()))
        gc.collect()
        gc.freeze()  # modules are never garbage, and checking them takes 0.1 s
        gc.set_threshold(GC_THRESHOLD)
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


def make_application() -> LimitedRequests:
    """Composes the application. Raises ImproperlyConfigured with all mistakes in the configuration."""
    if settings.CONFIGURATION_MISTAKES:  # other servers run no system checks
        raise ImproperlyConfigured("\n".join(settings.CONFIGURATION_MISTAKES))
    django = ThreadedASGIHandler(settings.THREADS)
    cache = ResponseCache[CachedResponse](settings.HOT_CACHE_BYTES, settings.HOT_CACHE_SECONDS)
    reads, listener = CacheableMapReads(cache), Listener(cache.enable, cache.disable)
    counter = RequestCounter()
    lane = FastLane(django, reads.routes, cache, counter)
    sockets, health = WebSocketApplication(counter), Health()

    async def http(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in Health.PATHS:
            await health(scope, send)
        else:
            await lane(scope, receive, send)

    async def run_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        await lifespan(receive, send, django, listener, reads, sockets, health, counter)

    router = ProtocolTypeRouter({"http": http, "websocket": sockets, "lifespan": run_lifespan})
    static_files = StaticFiles(
        router,
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL,
        allow_all_origins=False,
        add_headers_function=set_static_headers,
    )
    return LimitedRequests(CrossOrigin(static_files))


application = make_application()
