"""The bridge between the ASGI server and Django: one hop to a thread for each request.

Django's stock handler starts two threads for every request and hops to one of them for each
synchronous middleware. This one keeps a fixed set of threads. The body is read before a thread is
taken and the response is sent after the thread is free again, so slow clients hold none; the whole
request (middleware, view, rendering) runs in one of them, as it would under WSGI. Each thread keeps one
database connection, so their number bounds both.
See docs/decisions/0003-server.md.
"""

import asyncio
import contextlib
import contextvars
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import DEFAULT_DB_ALIAS, connections
from django.urls import set_script_prefix

from config.db.pools import break_connection, set_query_limits
from config.http.errors import render_error
from config.http.middleware import RATE_LIMIT_STATUS
from config.http.request_id import REQUEST_ID, choose_request_id
from config.kernel.errors import RETRY_SECONDS
from config.limits.client_addresses import client_address_of_scope
from config.limits.rate_limits import RateLimitStatus
from config.ops.worker import PATIENCE, Job
from config.server.request_bodies import Body, BodyStore, BodyTooLarge, NoRoomForBody

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
T = TypeVar("T")

RESPONSE_TIMEOUT_SECONDS = (
    8.0  # for an answer; after that its thread is freed from a database that is silent
)
THREAD_TIMEOUT_SECONDS = 2.0  # for a free thread; after that an honest 503 beats a longer queue
CLOSE_TIMEOUT_SECONDS = 2.0  # for each thread's last request, when the server stops
# A key of scopes. At first it holds a list, which a view may put one job into; the handler awaits the job
# and calls the view again, with the job in the list's place.
WAITS = "tribehold.waits"

IDENTIFYING_HEADERS = {b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id"}

logger = logging.getLogger("django.request")


class ResponseTimeout(Exception):
    "Django did not answer in RESPONSE_TIMEOUT_SECONDS.S."


class RequestThread(ThreadPoolExecutor):
    """A thread for requests, and the one database connection that it keeps."""

    def __init__(self, name: str) -> None:
        super().__init__(1, name, initializer=self.begin)

    def begin(self) -> None:
        """First of all, in the thread."""
        set_query_limits()
        self.database = connections[DEFAULT_DB_ALIAS]

    def cut(self) -> None:
        """End the thread's wait for the database, from another thread."""
        if connection := self.database.connection:  # the thread may close it meanwhile
            break_connection(connection)

    def close(self) -> None:
        """Close the database connection, then end the thread."""
        with contextlib.suppress(TimeoutError):
            self.submit(connections.close_all).result(CLOSE_TIMEOUT_SECONDS)
        self.shutdown(wait=False)


class ThreadedASGIHandler(ASGIHandler):
    """Runs Django's synchronous request cycle in a fixed number of threads."""

    def __init__(self, threads: int) -> None:
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)
        # A request stays in one thread, because a database connection belongs to a thread. Last in, first
        # out: few stay warm.
        self.threads = [RequestThread(f"request-{number}") for number in range(threads)]
        self.free: asyncio.LifoQueue[RequestThread] = asyncio.LifoQueue()
        for thread in self.threads:
            self.free.put_nowait(thread)
        self.freeing: set[asyncio.Task[None]] = set()
        self.bodies = BodyStore()

    def close(self) -> None:
        """Close every thread's database connection, then end the threads."""
        for thread in self.threads:
            thread.close()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, whatever happens on the way."""
        REQUEST_ID.set(choose_request_id(read_header(scope, b"x-request-id")))
        try:
            with self.bodies.receive(client_address_of_scope(scope)) as body:
                await read_body(body, receive)
                response = await self.answer(with_body_length(scope, body), body)
        except RequestAborted:
            return
        except BodyTooLarge:
            await send_error(scope, send, 413)
        except (TimeoutError, NoRoomForBody):
            await send_error(scope, send, 503, "busy")
        except ResponseTimeout:
            logger.error("A request took too long, and was given up: %s", scope["path"])
            await send_error(scope, send, 503)
        except Exception:
            logger.exception("A request failed outside of Django: %s", scope["path"])
            await send_error(scope, send, 500)
        else:
            await send_response(response, send)

    async def answer(self, scope: Scope, body: Body) -> Any:
        """Run Django on a request; returns its response. Raises TimeoutError, ResponseTimeout.

        A view that reads what a worker makes is asked again when it is made; no thread waits for it.
        """
        waits: list[Job] = []
        response = await self.run(scope := scope | {WAITS: waits}, body.file)
        if waits:
            with contextlib.suppress(Exception):  # the view meets it again
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(asyncio.wrap_future(waits[0].done))
            no_body = io.BytesIO()  # Django closed the other one
            response = await self.run(scope | {WAITS: waits[0]}, no_body)
        return response

    async def run(self, scope: Scope, body: IO[bytes]) -> Any:
        """Run Django on a request in a free thread. Raises TimeoutError, ResponseTimeout."""
        async with asyncio.timeout(THREAD_TIMEOUT_SECONDS):
            thread = await self.free.get()
        work = asyncio.ensure_future(call_in_thread(thread, self.respond, scope, body))
        # The thread is free as soon as its work is done, whatever becomes of this task meanwhile.
        work.add_done_callback(lambda _: self.free.put_nowait(thread))
        if (await asyncio.wait([work], timeout=RESPONSE_TIMEOUT_SECONDS))[0]:
            return work.result()
        freeing = asyncio.create_task(interrupt_until_done(thread, work))
        self.freeing.add(freeing)
        freeing.add_done_callback(self.freeing.discard)
        raise ResponseTimeout

    def respond(self, scope: Scope, body: IO[bytes]) -> Any:
        """Run Django on a request. A response that is whole is also closed: that ends the request."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        try:
            request = self.request_class(scope, body)
            charset = (request.content_params or {}).get("charset", "utf-8")
            understood = charset.lower() in ("utf-8", "utf8")
        except ValueError:  # headers or a query that are no text, or not in the form of their kind
            request, understood = self.request_class(without_input(scope), body), False
        if not understood:
            request.is_malformed = True  # type: ignore[attr-defined] # see config.http.middleware
        response: Any = self.get_response(request)
        response._handler_class = self.__class__  # what its close() tells request_finished
        if response.streaming:
            # Made whole here: sent part by part, its client would say how long it holds this thread.
            response.streaming_content = [b"".join(response)]
        response.close()
        return response


async def send_response(response: Any, send: Send) -> None:
    """Send a response, which is whole."""
    status = response.status_code
    headers = [
        (name.lower().encode("ascii"), value.encode("latin1"))
        for name, value in response.items()
        # That of a 304 would be the length of what it does not send (RFC 9110, 8.6): not the 0 of Django.
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
    """Read the whole body. Raises RequestAborted, BodyTooLarge, NoRoomForBody."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        body.write(message.get("body", b""))
        more = message.get("more_body", False)


def read_header(scope: Scope, name: bytes) -> str:
    """The last header of a name, or nothing."""
    return next((v.decode("latin1") for k, v in reversed(scope["headers"]) if k == name), "")


def with_body_length(scope: Scope, body: Body) -> Scope:
    """The scope with the request's id and the length that its body turned out to have.

    A body that comes in chunks has no length, and Django would take it for an empty one.
    """
    facts = {b"x-request-id": REQUEST_ID.get().encode(), b"content-length": b"%d" % body.size}
    if not body.size:
        del facts[b"content-length"]
    body.file.seek(0)
    kept = [(name, value) for name, value in scope["headers"] if name not in facts]
    return scope | {"headers": kept + list(facts.items())}


def without_input(scope: Scope) -> Scope:
    """The scope without what a client chose, but for the path and what tells who it is."""
    kept = [(name, value) for name, value in scope["headers"] if name in IDENTIFYING_HEADERS]
    return scope | {"headers": kept, "query_string": b""}


async def call_in_thread(
    thread: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any
) -> T:
    """Call a function in a thread, with the caller's context variables."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(thread, context.run, function, *arguments)


async def interrupt_until_done(thread: RequestThread, work: "asyncio.Future[Any]") -> None:
    """Cut a thread's waits for the database until its work has ended; nobody needs its answer."""
    while not work.done():
        thread.cut()
        await asyncio.wait([work], timeout=1)
    work.exception()  # nobody needs to hear of it


async def send_error(scope: Scope, send: Send, status: int, code: str = "") -> None:
    """Answer with an error that Django had no part in."""
    content_type, body = render_error(scope["path"], status, code)
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", REQUEST_ID.get().encode()),
        (b"connection", b"close"),
        *encode_rate_limit_headers(scope.get(RATE_LIMIT_STATUS)),
    ]
    if status == 503:
        headers = [*headers, (b"retry-after", b"%d" % RETRY_SECONDS)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def encode_rate_limit_headers(standing: RateLimitStatus | None) -> Headers:
    """The headers that tell a client where it stands with a limit."""
    told = standing.headers.items() if standing else ()
    return [(name.lower().encode(), value.encode()) for name, value in told]
