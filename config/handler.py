"""The bridge between the ASGI server and Django: one hop to a thread for each request.

Django's stock handler starts two threads for every request and hops to one of them for each
synchronous middleware; measured, that costs three quarters of the throughput. This one keeps a fixed
set of threads. The body is read before a thread is taken, so slow clients hold none; the whole request
(middleware, view, rendering) then runs in one of them, as it would under WSGI. Each thread keeps one
database connection, so their number bounds both. See docs/decisions/0003-server.md.
"""

import asyncio
import contextvars
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import connections
from django.urls import set_script_prefix

from config.errors import error_message

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
T = TypeVar("T")

WAIT_SECONDS = 2.0  # for a free thread; after that an honest 503 beats a longer queue


class BodyTooLarge(Exception):
    """The body of a request is larger than settings.MAX_BODY_BYTES."""


class ThreadedASGIHandler(ASGIHandler):
    """Runs Django's synchronous request cycle in a fixed number of threads."""

    def __init__(self, threads: int) -> None:
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)
        # A request stays in one thread from its first middleware to the end of a streamed body,
        # because a database connection belongs to a thread. Last in, first out: few stay warm.
        self.threads = [ThreadPoolExecutor(1, f"request-{n}") for n in range(threads)]
        self.free: asyncio.LifoQueue[ThreadPoolExecutor] = asyncio.LifoQueue()
        for thread in self.threads:
            self.free.put_nowait(thread)

    def close(self) -> None:
        """Close every thread's database connection, then end the threads."""
        for thread in self.threads:
            thread.submit(connections.close_all).result()
            thread.shutdown()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        except BodyTooLarge:
            await send_error(scope, send, 413, "body_too_large")
            return
        with body:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    thread = await self.free.get()
            except TimeoutError:
                await send_error(scope, send, 503, "busy")
                return
            try:
                response = await call(thread, self.respond, scope, body)
                await self.deliver(response, send, thread)
            finally:
                self.free.put_nowait(thread)

    def respond(self, scope: Scope, body: IO[bytes]) -> Any:
        """Run Django on a request. A response that is whole is also closed: that ends the request."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, error = self.create_request(scope, body)
        response: Any = error if request is None else self.get_response(request)
        response._handler_class = self.__class__  # what its close() tells request_finished
        if not response.streaming:
            response.close()
        return response

    async def deliver(self, response: Any, send: Send, thread: ThreadPoolExecutor) -> None:
        """Send a response; the parts of a streaming one are made in its thread."""
        headers = [(k.lower().encode("ascii"), v.encode("latin1")) for k, v in response.items()]
        headers += [
            (b"set-cookie", cookie.output(header="").strip().encode("ascii"))
            for cookie in response.cookies.values()
        ]
        status = response.status_code
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if not response.streaming:
            await send({"type": "http.response.body", "body": response.content})
            return
        try:
            parts = iter(response)
            while (part := await call(thread, next, parts, None)) is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await call(thread, response.close)

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """Read the whole body. Raises RequestAborted, and BodyTooLarge."""
        body = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - the caller closes it
            max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        )
        size, more = 0, True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestAborted
                part = message.get("body", b"")
                size += len(part)
                if size > settings.MAX_BODY_BYTES:
                    raise BodyTooLarge
                body.write(part)
                more = message.get("more_body", False)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body


async def call(thread: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread, with the caller's context variables."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(thread, context.run, function, *arguments)


async def send_error(scope: Scope, send: Send, status: int, code: str) -> None:
    """Answer with an error before Django has seen the request."""
    content_type, body = error_message(scope["path"], status, code)
    headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(b"connection", b"close")] + [(b"retry-after", b"2")] * (status == 503)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
