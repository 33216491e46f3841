"""Whether the process lives, and whether it can do its work: `/health/live` and `/health/ready`.

Both are answered before Django, whatever else is full, and are not counted by any rate limit. Readiness is
looked at in a thread of its own, once a second at most, however many ask.
"""

import asyncio
import json
from typing import TYPE_CHECKING

from config.http.errors import render_error
from config.ops.readiness import Checks, check_services
from config.server.handler import RequestThread, call_in_thread, interrupt_until_done

if TYPE_CHECKING:
    from config.server.handler import Scope, Send

CACHE_SECONDS = 1.0  # that an answer is kept
TIMEOUT_SECONDS = 4.0  # seconds for PostgreSQL and Redis to show that they are there
TIMED_OUT: Checks = {"postgres": "unreachable", "redis": "unknown"}


class Health:
    """The ASGI application at PATHS. For one event loop."""

    PATHS = ("/health/live", "/health/ready")

    def __init__(self) -> None:
        self.thread = RequestThread("health")
        self.checking: asyncio.Task[Checks] | None = None
        self.checked: tuple[float, Checks] = (0.0, {})

    async def __call__(self, scope: "Scope", send: "Send") -> None:
        """Answer 200, or 503 with the culprit."""
        if scope["method"] not in ("GET", "HEAD"):
            content_type, body = render_error(scope["path"], 405)
            await respond(send, 405, content_type.encode(), body, (b"allow", b"GET, HEAD"))
            return
        checks = {} if scope["path"] == "/health/live" else await self.ready()
        is_good = all(answer == "ok" for answer in checks.values())
        body = json.dumps({"status": "ok" if is_good else "unavailable", **checks}).encode()
        await respond(send, 200 if is_good else 503, b"application/json", body)

    async def ready(self) -> Checks:
        """What was found less than a second ago, else what is found now; one look for all who wait."""
        loop = asyncio.get_running_loop()
        when, checks = self.checked
        if checks and loop.time() - when < CACHE_SECONDS:
            return checks
        if self.checking is None or self.checking.done():
            self.checking = loop.create_task(self._check())
        return await asyncio.shield(self.checking)

    async def _check(self) -> Checks:
        """Look at PostgreSQL and Redis. A silent PostgreSQL counts as unreachable."""
        work = asyncio.ensure_future(call_in_thread(self.thread, check_services))
        if (await asyncio.wait([work], timeout=TIMEOUT_SECONDS))[0]:
            checks = work.result()
        else:
            checks = TIMED_OUT
            await interrupt_until_done(self.thread, work)
        self.checked = asyncio.get_running_loop().time(), checks
        return checks

    def close(self) -> None:
        """End the thread, and its database connection."""
        self.thread.close()


async def respond(
    send: "Send", status: int, content_type: bytes, body: bytes, *more: tuple[bytes, bytes]
) -> None:
    """Send a response that nobody may keep."""
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *more]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
