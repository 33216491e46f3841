"""Whether the process runs, and whether it can respond: `/health/live` and `/health/ready`.

Both work without Django, also when the server is full, and no rate limit counts them. The readiness check
runs in a thread of its own, at most once a second.
"""

import asyncio
import json
from typing import TYPE_CHECKING

from config.ops.readiness import Checks, check_services
from config.server.asgi import send_bytes, send_error, set_request_id
from config.server.handler import RequestThread, call_in_thread, interrupt_until_done

if TYPE_CHECKING:
    from config.server.asgi import Scope, Send

CACHE_SECONDS = 1.0  # for which the result of a check is reused
TIMEOUT_SECONDS = 4.0  # for PostgreSQL and Redis to respond
TIMED_OUT: Checks = {"postgres": "unreachable", "redis": "unknown"}
NO_STORE = (b"cache-control", b"no-store")


class Health:
    """The ASGI application at PATHS. Belongs to one event loop."""

    PATHS = ("/health/live", "/health/ready")

    def __init__(self) -> None:
        self.thread = RequestThread("health")
        self.checking: asyncio.Task[Checks] | None = None
        self.checked: tuple[float, Checks] = (0.0, {})

    async def __call__(self, scope: "Scope", send: "Send") -> None:
        """Sends 200, or 503 with the state of each service."""
        if scope["method"] not in ("GET", "HEAD"):
            set_request_id(scope)
            await send_error(scope, send, 405, "", (b"allow", b"GET, HEAD"), NO_STORE)
            return
        checks = {} if scope["path"] == "/health/live" else await self.get_checks()
        is_ready = all(result == "ok" for result in checks.values())
        body = json.dumps({"status": "ok" if is_ready else "unavailable", **checks}).encode()
        status = 200 if is_ready else 503
        length = (b"content-length", b"%d" % len(body))
        headers = [(b"content-type", b"application/json"), length, NO_STORE]
        await send_bytes(send, status, headers, body)

    async def get_checks(self) -> Checks:
        """Returns the results of the last check. Runs a new one if they are older than CACHE_SECONDS."""
        loop = asyncio.get_running_loop()
        when, checks = self.checked
        if checks and loop.time() - when < CACHE_SECONDS:
            return checks
        if self.checking is None or self.checking.done():
            self.checking = loop.create_task(self._check())
        return await asyncio.shield(self.checking)

    async def _check(self) -> Checks:
        """Checks PostgreSQL and Redis. Treats PostgreSQL as unreachable if it does not respond in time."""
        work = asyncio.ensure_future(call_in_thread(self.thread, check_services))
        if (await asyncio.wait([work], timeout=TIMEOUT_SECONDS))[0]:
            checks = work.result()
        else:
            checks = TIMED_OUT
            await interrupt_until_done(self.thread, work)
        self.checked = asyncio.get_running_loop().time(), checks
        return checks

    def close(self) -> None:
        """Ends the thread and its database connection."""
        self.thread.close()
