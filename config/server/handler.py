"""The bridge between the ASGI server and Django: each request runs in one thread.

Django's own handler starts two threads for every request, and changes threads for each synchronous
middleware. This one has a fixed number of threads. The body is read before a thread is taken, and the
response is sent after the thread is free, so slow clients hold no thread. Middleware, view and rendering
run in the same thread, as under WSGI. Each thread keeps one database connection, so the number of threads
limits both. See docs/decisions/0003-server.md.
"""

import asyncio
import contextlib
import contextvars
import io
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.db import DEFAULT_DB_ALIAS, connections
from django.urls import set_script_prefix

from config.db.pools import break_connection, set_query_limits
from config.http.middleware import RATE_LIMIT_STATUS
from config.limits.client_addresses import client_address_of_scope
from config.limits.rate_limits import RateLimitStatus
from config.ops.results import AWAITED, Result
from config.server.asgi import CLOSE, Headers, Receive, Scope, Send, send_error, set_request_id
from config.server.request_bodies import Body, BodyStore, BodyTooLarge, NoRoomForBody

T = TypeVar("T")

# For a response. After that, the database connection of the thread is broken, which frees the thread.
RESPONSE_TIMEOUT_SECONDS = 8.0
THREAD_TIMEOUT_SECONDS = 2.0  # for a free thread; a 503 is better than a longer queue
CLOSE_TIMEOUT_SECONDS = 2.0  # for the last request of each thread, when the server stops
RESULT_TIMEOUT_SECONDS = 5.0  # for a task that a request waits for (config/ops/results.py)

# They identify the client, so they are passed on even if nothing else of a request can be read.
FORWARDING_HEADERS = {b"host", b"x-forwarded-for", b"x-forwarded-proto"}

logger = logging.getLogger("django.request")


class ResponseTimeout(Exception):
    """Django had no response within RESPONSE_TIMEOUT_SECONDS."""


class RequestThread(ThreadPoolExecutor):
    """A thread for requests, with one database connection."""

    def __init__(self, name: str) -> None:
        super().__init__(1, name, initializer=self.set_up)

    def set_up(self) -> None:
        """Prepares the database connection. Runs first in the thread."""
        set_query_limits()
        self.database = connections[DEFAULT_DB_ALIAS]

    def interrupt(self) -> None:
        """Breaks the database connection that the thread waits for. Called from another thread."""
        if connection := self.database.connection:  # the thread may close it at any time
            break_connection(connection)

    def close(self) -> None:
        """Closes the database connection and ends the thread."""
        with contextlib.suppress(TimeoutError):
            self.submit(connections.close_all).result(CLOSE_TIMEOUT_SECONDS)
        self.shutdown(wait=False)


class ThreadedASGIHandler(ASGIHandler):
    """Runs Django's synchronous request cycle in a fixed number of threads."""

    def __init__(self, threads: int) -> None:
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)
        # A database connection belongs to one thread. Last in, first out, so that an idle server uses few
        # threads and connections.
        self.threads = [RequestThread(f"request-{number}") for number in range(threads)]
        self.free: asyncio.LifoQueue[RequestThread] = asyncio.LifoQueue()
        for thread in self.threads:
            self.free.put_nowait(thread)
        self.freeing: set[asyncio.Task[None]] = set()
        self.bodies = BodyStore()

    def close(self) -> None:
        """Closes the database connections and ends the threads."""
        for thread in self.threads:
            thread.close()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds to one HTTP request, also if something fails."""
        set_request_id(scope)
        try:
            with self.bodies.receive(client_address_of_scope(scope)) as body:
                await read_body(body, receive)
                response = await self.run_request(with_body_length(scope, body), body)
        except RequestAborted:
            return
        except BodyTooLarge:
            await self.send_error(scope, send, 413)
        except (TimeoutError, NoRoomForBody):
            await self.send_error(scope, send, 503, "busy")
        except ResponseTimeout:
            # With the status, so that an outage of the database does not fill the log.
            text = "A request took too long and was ended: %s"
            logger.error(text, scope["path"], extra={"status_code": 503})
            await self.send_error(scope, send, 503)
        except Exception:
            logger.exception("A request failed outside Django: %s", scope["path"])
            await self.send_error(scope, send, 500)
        else:
            await send_response(response, send)

    async def send_error(self, scope: Scope, send: Send, status: int, code: str = "") -> None:
        """Sends an error with the headers of the rate limit, and ends the connection."""
        limits = encode_rate_limit_headers(scope.get(RATE_LIMIT_STATUS))
        await send_error(scope, send, status, code, CLOSE, *limits)

    async def run_request(self, scope: Scope, body: Body) -> Any:
        """Returns Django's response to a request. Raises TimeoutError, ResponseTimeout.

        A view that needs the result of a task is run again when there is one. No thread waits for it.
        """
        awaited: list[Result] = []
        response = await self.run_in_thread(scope | {AWAITED: awaited}, body.file)
        if awaited:
            await asyncio.wait([asyncio.wrap_future(awaited[0])], timeout=RESULT_TIMEOUT_SECONDS)
            no_body = io.BytesIO()  # Django closed the other one
            response = await self.run_in_thread(scope, no_body)
        return response

    async def run_in_thread(self, scope: Scope, body: IO[bytes]) -> Any:
        """Returns Django's response, made in a free thread. Raises TimeoutError, ResponseTimeout."""
        async with asyncio.timeout(THREAD_TIMEOUT_SECONDS):
            thread = await self.free.get()
        work = asyncio.ensure_future(call_in_thread(thread, self.respond, scope, body))
        # The thread is free when its work is done, also if this task was cancelled.
        work.add_done_callback(lambda _: self.free.put_nowait(thread))
        if (await asyncio.wait([work], timeout=RESPONSE_TIMEOUT_SECONDS))[0]:
            return work.result()
        freeing = asyncio.create_task(interrupt_until_done(thread, work))
        self.freeing.add(freeing)
        freeing.add_done_callback(self.freeing.discard)
        raise ResponseTimeout

    def respond(self, scope: Scope, body: IO[bytes]) -> Any:
        """Returns Django's response to a request, complete and closed."""
        set_script_prefix(scope.get("root_path", ""))
        signals.request_started.send(sender=self.__class__, scope=scope)
        try:
            request = self.request_class(scope, body)
            charset = (request.content_params or {}).get("charset", "utf-8")
            is_readable = charset.lower() in ("utf-8", "utf8")
        except ValueError:  # headers or a query that are not text, or malformed
            request, is_readable = self.request_class(without_input(scope), body), False
        if not is_readable:
            request.is_malformed = True  # type: ignore[attr-defined] # see config.http.middleware
        response: Any = self.get_response(request)
        if response.streaming:
            # Completed here, because a slow client would hold the thread.
            response.streaming_content = [b"".join(response)]
        response.close()
        return response


async def send_response(response: Any, send: Send) -> None:
    """Sends a complete response."""
    status = response.status_code
    headers = [
        (name.lower().encode("ascii"), value.encode("latin1"))
        for name, value in response.items()
        # Django sets 0 for a 304, which should have the length of the full response (RFC 9110, 8.6).
        if status != 304 or name.lower() != "content-length"
    ]
    headers += [
        (b"set-cookie", cookie.output(header="").strip().encode("ascii"))
        for cookie in response.cookies.values()
    ]
    body = response.getvalue()
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(body: Body, receive: Receive) -> None:
    """Reads the complete body. Raises RequestAborted, BodyTooLarge, NoRoomForBody."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        body.write(message.get("body", b""))
        more = message.get("more_body", False)


def with_body_length(scope: Scope, body: Body) -> Scope:
    """Returns the scope with the actual length of the body.

    A chunked body has no `Content-Length`, and Django would treat it as empty.
    """
    body.file.seek(0)
    if not body.size:
        return scope
    others = [header for header in scope["headers"] if header[0] != b"content-length"]
    return scope | {"headers": [*others, (b"content-length", b"%d" % body.size)]}


def without_input(scope: Scope) -> Scope:
    """Returns the scope with no more of the request than its path and FORWARDING_HEADERS."""
    headers = [(name, value) for name, value in scope["headers"] if name in FORWARDING_HEADERS]
    return scope | {"headers": headers, "query_string": b""}


async def call_in_thread(
    thread: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any
) -> T:
    """Calls a function in a thread, with the context variables of the caller."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(thread, context.run, function, *arguments)


async def interrupt_until_done(thread: RequestThread, work: "asyncio.Future[Any]") -> None:
    """Breaks the database connections of a thread until its work has ended. Ignores the result."""
    while not work.done():
        thread.interrupt()
        await asyncio.wait([work], timeout=1)
    work.exception()  # marks it as handled, so that asyncio does not log it


def encode_rate_limit_headers(status: RateLimitStatus | None) -> Headers:
    """Returns the headers of a rate limit for ASGI."""
    headers = status.headers if status else {}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
