"""The log: no secrets, no texts of foreign exceptions, and never much for one request."""

import asyncio
import gc
import io
import logging
import smtplib
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.identity import emails
from accounts.models import User
from config.kernel.errors import DomainError
from config.ops import logs, redaction
from tests.support.factories import NOBODY, PASSWORD, make_user
from tests.support.live_site import Site
from tests.support.task_queue import run_tasks

MOST_BYTES = 2048  # of log for one request


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the console handler writes. pytest's own handlers don't get all of it."""
    [console] = [handler for handler in logging.getLogger().handlers if handler.name == "console"]
    assert isinstance(console, logging.StreamHandler)
    stream = io.StringIO()
    before = console.setStream(stream)
    monkeypatch.setattr(logging.Logger, "callHandlers", lambda _, record: console.handle(record))
    yield stream
    console.setStream(before or sys.stderr)


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Returns an exception with a traceback."""
    try:
        raise error from cause
    except BaseException as caught:
        return caught


# ---- Exceptions ---------------------------------------------------------------------------------

SECRET = "somebody@example.com"


class Unprintable(Exception):
    """An exception whose text can't be read."""

    def __str__(self) -> str:
        raise RuntimeError(SECRET)

    __repr__ = __str__


def error_with_note() -> BaseException:
    error = ValueError("x")
    error.add_note(SECRET)
    return error


EXCEPTIONS: dict[str, Callable[[], BaseException]] = {
    "builtin": lambda: ValueError(f"invalid literal: {SECRET}"),
    "KeyError": lambda: KeyError(SECRET),
    "smtplib": lambda: smtplib.SMTPRecipientsRefused({SECRET: (550, SECRET.encode())}),
    "smtplib with a code": lambda: smtplib.SMTPResponseException(535, SECRET),
    "OSError": lambda: OSError(2, SECRET, SECRET),
    "redis": lambda: RedisConnectionError(SECRET),
    "a cause": lambda: raised(DomainError("code", "words"), raised(ValueError(SECRET))),
    "a group": lambda: ExceptionGroup(
        SECRET, [ValueError(SECRET), ExceptionGroup("x", [KeyError(SECRET)])]
    ),
    "a note": error_with_note,
    "no text": Unprintable,
    "text in the type": lambda: type("Fault", (Exception,), {"__module__": "boto"})(SECRET),
    "unicode": lambda: UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET),
}


@pytest.mark.parametrize("make", EXCEPTIONS.values(), ids=EXCEPTIONS)
@pytest.mark.parametrize(
    "name", ["accounts.identity.emails", "django.request", "uvicorn.error", "other.package"]
)
def test_texts_of_foreign_exceptions_are_never_logged(
    log: io.StringIO, name: str, make: Callable[[], BaseException]
) -> None:
    error = raised(make())
    logger = logging.getLogger(name)
    logger.error("It broke", exc_info=error)
    logger.error("It broke: %s", error)
    logger.error("It broke: %r", error)
    logger.error("It broke: %(error)s", {"error": error})
    logger.error("It broke: %s", [error, {"error": error}])
    logger.error(error)
    logger.error("%s", error, exc_info=error)
    if not isinstance(error, Unprintable):
        logger.error("It broke: " + str(error), exc_info=error)
        logger.error(f"It broke: {error!r}", exc_info=error)
    said = log.getvalue()
    assert "somebody" not in said
    assert "example.com" not in said
    assert type(error).__name__ in said
    assert "test_logs.py:" in said
    assert "Logging error" not in said


def test_safe_attributes_and_places_of_exceptions_are_logged(log: io.StringIO) -> None:
    for error in (smtplib.SMTPResponseException(535, b"x"), PermissionError(13, SECRET)):
        logging.getLogger("accounts").error("It broke", exc_info=raised(error))
    said = log.getvalue()
    assert "smtplib.SMTPResponseException (smtp=535)" in said
    assert "PermissionError (errno=EACCES)" in said
    assert "tests/config/test_logs.py:" in said
    assert " raised\n" in said


@pytest.mark.django_db
def test_a_violated_constraint_is_logged_without_its_row(log: io.StringIO) -> None:
    make_user("Taken")
    try:
        with transaction.atomic():
            User.objects.create_user("Other", "TAKEN@example.com", PASSWORD)
    except IntegrityError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/signup/")
    said = log.getvalue()
    assert "taken@" not in said.lower()
    assert "sqlstate=23505" in said
    assert "constraint=" in said
    assert "psycopg.errors.UniqueViolation" in said


def test_texts_of_our_own_exceptions_are_logged(log: io.StringIO) -> None:
    logging.getLogger("config").error(
        "No", exc_info=raised(DomainError("full", "All seats are taken."))
    )
    assert "config.kernel.errors.DomainError: " in log.getvalue()
    assert "All seats are taken." in log.getvalue()


def test_an_exception_of_an_asyncio_task_is_logged_without_values(log: io.StringIO) -> None:
    async def broken(secret: str) -> None:
        raise ValueError(secret)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.create_task(broken(SECRET), name=SECRET)  # noqa: RUF006 - nothing awaits it
        loop.call_soon(lambda secret: int(secret), SECRET)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(main())
    said = log.getvalue()
    assert "Task exception was never retrieved" in said
    assert "Exception in callback" in said
    assert "ValueError" in said
    assert "somebody" not in said


def test_warnings_of_python_are_logged_without_values(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    try:
        logs.install_exception_hooks()
        error = raised(ValueError(SECRET))
        sys.excepthook(ValueError, error, error.__traceback__)
        thread = threading.Thread(target=int, args=(SECRET,))
        thread.start()
        thread.join()

        class Ends:
            def __del__(self) -> None:
                raise ValueError(SECRET)

        del (ends := [Ends()])[0]
        assert not ends
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn(f"naive datetime of {SECRET}", RuntimeWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
    said = log.getvalue()
    assert said.count("ValueError") == 3
    assert "RuntimeWarning" in said
    assert "somebody" not in said


@pytest.mark.django_db
def test_a_rejected_mailbox_is_not_logged(
    log: io.StringIO, player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (
        smtplib.SMTPRecipientsRefused({player.email: (550, b"no such user")}),
        ValueError(player.email),
    ):

        def refuse(*_: Any, error: Exception = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(emails, "send_mail", refuse)
        emails.send_password_changed(player)
        run_tasks()
    said = log.getvalue()
    assert "SMTPRecipientsRefused" in said
    assert "ValueError" in said
    assert player.email not in said
    assert "player1" not in said.lower()


# ---- Secrets ------------------------------------------------------------------------------------

TOKEN = "cxyz12-0123456789abcdef0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = {
    f"/verify/MQ/{TOKEN}/": TOKEN,
    f"/verify/MQ/{TOKEN}/extra": TOKEN,
    "/verify/MQ/short/": "short",
    "/VERIFY/MQ/short/": "short",
    "//reset//MQ//short": "short",
    "/reset%2FMQ%2Fshort%2f": "short",
    "https://site.example/reset/MQ/short/?x=1": "short",
    "/lobbies/join/ABCDEF/": "ABCDEF",
    f"/maps/?next=/reset/MQ/{TOKEN}/": TOKEN,
    "/x?token=hush&a=1": "hush",
    "/x?a=1&access_token=hush": "hush",
    "{'password': 'hush'}": "hush",
    '{"refresh": "hush"}': "hush",
    f"Authorization: Bearer {JWT}": JWT,
    "authorization: Basic aHVzaDpodXNo": "aHVzaDpodXNo",
    f"seen {JWT} here": JWT,
    "Cookie: sessionid=0123456789abcdefghij0123456789ab": "0123456789abcdefghij",
    "key 0123456789abcdefghij0123456789ab": "0123456789abcdefghij",
    "ticket Ab3-_0123456789abcdefghijKLMNOPQ": "KLMNOPQ",
    "postgres://user:hush@host:5432/x": "hush",
    "redis://:hu/s@h@host/0": "hu/s",
    "smtp+tls://me%40x:hush@mail.example:587": "hush",
    "s3://AKIA:hush@host/bucket?region=x": "hush",
    f"for {SECRET}, and {SECRET}.": "somebody",
    "to somebody%40example.com": "somebody",
    "<some.body+tag@sub.example.co.uk>": "body",
    "http://x/?X-Amz-Signature=hush&b=1": "hush",
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.items(), ids=SECRETS)
def test_secrets_are_redacted_for_every_logger(log: io.StringIO, text: str, secret: str) -> None:
    logging.getLogger("django.request").warning("Not Found: %s", text)
    logging.getLogger("uvicorn.error").warning(text)
    logging.getLogger("maps").warning(text)
    logging.getLogger("any.package").warning("%s", {"x": text})
    assert secret not in log.getvalue()
    assert log.getvalue().count("\n") == 4


@pytest.mark.parametrize(
    "text",
    [
        "/maps/0b5c1f7e-9a38-4e52-8d5e-0123456789ab/terrain",
        "/players/Player1/",
        "/verify/",
        "/reset/",
        "A request took too long, and was given up",
        "/api/v1/game-sessions/0b5c1f7e-9a38-4e52-8d5e-0123456789ab/ticket",
    ],
)
def test_harmless_texts_are_logged_unchanged(log: io.StringIO, text: str) -> None:
    logging.getLogger("django.request").warning("Not Found: %s", text)
    assert text in log.getvalue()


def test_every_route_with_a_secret_is_redacted() -> None:
    for name, arguments in (
        ("accounts:verify", ["MQ", "t0k-en"]),
        ("accounts:reset", ["MQ", "t0k-en"]),
        ("lobbies:invited", ["ABCDEF"]),
    ):
        path = reverse(name, args=arguments)
        assert redaction.is_secret_path(path)
        assert arguments[-1] not in redaction.redact(path)
    for name in ("maps:browse", "accounts:request-reset", "lobbies:join-by-code"):
        assert not redaction.is_secret_path(reverse(name))


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/verify/MQ/{TOKEN}/", f"/reset/MQ/{TOKEN}/"])
def test_a_secret_link_is_not_logged_when_csrf_fails(log: io.StringIO, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path).status_code == 403
    assert strict.get(f"{path}x").status_code == 404
    assert strict.put(path).status_code in (403, 405)
    assert "Forbidden" in log.getvalue()
    assert TOKEN not in log.getvalue()
    assert "[hidden]" in log.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/verify/MQ/{TOKEN}/", f"/reset/MQ/{TOKEN}/"])
def test_pages_with_a_secret_url_send_it_to_no_other_site(path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    for response in (strict.get(path), strict.post(path), strict.get(f"{path}x"), strict.put(path)):
        assert response["Referrer-Policy"] == "strict-origin", response
        assert "no-store" in response["Cache-Control"]
    assert strict.get("/privacy/")["Referrer-Policy"] == "same-origin"


# ---- Length and form ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "x" * 60_000,
        "\n2026-01-01 ERROR - root: forged",
        "\r\n\x1b[31m\x00\x7f",
        "\u202e\u2028\x85\ud800ä",
        "%s%d%(x)s",
        b"\xff\n" * 30_000,
        ["\n" * 1000] * 1000,
        {"k\n" * 1000: "v\n" * 1000},
        object(),
        NOBODY,
        None,
        12,
        1.5,
        ("a\nb",),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_value_is_logged_as_one_short_line(log: io.StringIO, value: Any) -> None:
    for name in ("maps", "any.package"):
        logger = logging.getLogger(name)
        logger.warning("It is %s", value)
        logger.warning("It is %r", (value,))
        logger.warning(value)
        logger.warning("Wrong: %d %d", "x", value)
        logger.warning("Too few: %s %s", value)
    said = log.getvalue()
    assert said.isascii()
    lines = said.splitlines()
    assert len(lines) == said.count("\n") == 10
    assert all(line[:2] == "20" for line in lines)
    assert all(len(line) < 1000 for line in lines)
    assert not any(ord(char) < 32 for char in said if char != "\n")


def test_a_deep_traceback_is_shortened(log: io.StringIO) -> None:
    def recurse(depth: int) -> None:
        if depth:
            try:
                recurse(depth - 1)
            except ValueError as error:
                raise ValueError("x" * 10_000) from error
        raise ValueError("bottom")

    try:
        recurse(300)
    except ValueError:
        logging.getLogger("config").exception("y" * 10_000)
    assert len(log.getvalue()) < MOST_BYTES
    assert all(line.startswith(("20", "  ")) for line in log.getvalue().splitlines())


def ask(site: Site, request: bytes) -> bytes:
    """Sends raw bytes. Returns everything that the server sends."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as sent:
        sent.sendall(request)
        response = b""
        while part := sent.recv(65536):
            response += part
    return response


LONG = b"a" * 60_000
REQUESTS = {
    "a host": b"GET /maps/ HTTP/1.1\r\nHost: " + LONG,
    "a host of the API": b"GET /api/v1/maps HTTP/1.1\r\nHost: " + LONG,
    "a host that no page has": b"GET /nowhere HTTP/1.1\r\nHost: " + LONG,
    "a host with a secret link": b"GET /verify/MQ/"
    + TOKEN.encode()
    + b"/ HTTP/1.1\r\nHost: x.example",
    "a host in the admin": b"GET /admin/ HTTP/1.1\r\nHost: " + LONG,
    "a path": b"GET /" + LONG + b" HTTP/1.1\r\nHost: localhost",
    "a path of the API": b"GET /api/v1/" + LONG + b" HTTP/1.1\r\nHost: localhost",
    "a path of escapes": b"GET /" + b"%0a%c3%a4" * 6000 + b" HTTP/1.1\r\nHost: localhost",
    "a query": b"GET /maps/?q=" + LONG + b" HTTP/1.1\r\nHost: localhost",
    "a place to go on to": b"GET /login/?next=/" + LONG + b" HTTP/1.1\r\nHost: localhost",
    "a cookie": b"GET /maps/ HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid=" + LONG,
    "a token": b"GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + LONG,
    "a request id": b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: " + LONG,
    "a forwarded address": b"GET /api/v1/maps HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: "
    + LONG,
    "a kind of content": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
    b"Content-Type: " + LONG,
    "a method": LONG[:5000] + b" /maps/ HTTP/1.1\r\nHost: localhost",
    "a form that has no cookie": b"POST /"
    + LONG
    + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0",
    "a referer": b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nReferer: http://localhost/"
    + LONG,
    "an origin": b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nOrigin: http://"
    + LONG,
    "nonsense": b"\xff" * 60_000,
}
BODY = b'{"username": "' + LONG + b'", "password": "' + LONG + b'"}'
BODIES = {
    "JSON": (b"application/json", BODY),
    "broken JSON": (b"application/json", BODY[:-1]),
    "deep JSON": (b"application/json", b"[" * 60_000),
    "fields": (b"application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(9000))),
    "parts": (b"multipart/form-data; boundary=x", LONG),
}
for _name, (_kind, _body) in BODIES.items():
    for _path in (b"/api/v1/auth/login", b"/login/"):
        REQUESTS[f"{_name} at {_path.decode()}"] = (
            b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d"
            b"\r\nConnection: close\r\n\r\n%s" % (_path, _kind, len(_body), _body)
        )


@pytest.mark.django_db(transaction=True)
def test_no_request_writes_much_to_the_log(site: Site, log: io.StringIO) -> None:
    written: dict[str, int] = {}
    for name, request in REQUESTS.items():
        log.seek(0)
        log.truncate()
        if b"\r\n\r\n" not in request:
            request += b"\r\nConnection: close\r\n\r\n"
        response = ask(site, request)
        assert not response.startswith(b"HTTP/1.1 5"), (name, response[:300], log.getvalue())
        said = log.getvalue()
        written[name] = len(said)
        assert said.isascii()
        assert TOKEN not in said
        assert "Traceback" not in said, (name, said)
        assert "aaaa" * 200 not in said, (name, said)
        assert said.count("\n") <= 3, (name, said)
    assert max(written.values()) < MOST_BYTES, written
    assert written["a host"] < 500, written


@pytest.mark.django_db(transaction=True)
def test_records_of_uvicorn_have_the_same_form(site: Site, log: io.StringIO) -> None:
    error = raised(ValueError(SECRET))
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)
    assert "uvicorn.error: Exception in ASGI application\n  ValueError\n" in log.getvalue()
    assert SECRET not in log.getvalue()
    assert logging.getLogger("uvicorn").handlers == []
