"""What the log says, and what it never does.

Lines of the log are read by more people than the database is, and kept for longer. So one formatter
stands behind the only handler, whoever logs: Django, the server, a library or ourselves. It writes

- values short, in ASCII, on one line: nobody forges lines, nor fills a disk by a long header;
- no secrets and no email addresses (config/ops/redaction.py);
- of exceptions the type, where it was raised, and attributes that are known to be harmless (SAFE). Their
  text only where the type is ours: that of other packages holds rows, addresses and passwords.

See docs/decisions/0015-logs.md.
"""

import contextlib
import datetime
import decimal
import errno
import logging
import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from redis.exceptions import RedisError

from config.ops.redaction import HIDDEN, redact

MAX_VALUE_LENGTH = 300  # characters of one value
MAX_MESSAGE_LENGTH = 700
MAX_RECORD_LENGTH = 1900  # with its traceback; all characters are of one byte
MAX_ITEMS = 5  # of a list
MAX_FRAMES = 8  # of each exception: those next to the fault
MAX_EXCEPTIONS = 5  # of a chain or a group
READ_AHEAD_FACTOR = (
    4  # times as much is read as is shown: a secret must not be cut before it is found
)

# Loggers whose messages are fixed texts, with values as arguments. Others may put anything into them.
LITERAL_LOGGERS = {"django", "python", "uvicorn"}
OWN_PACKAGES = {
    "config",
    "accounts",
    "tribes",
    "maps",
    "sessions_app",
}  # packages whose exceptions have text
ROOT = Path(__file__).resolve().parent.parent
PLAIN_TYPES = (int, float, bool, type(None), decimal.Decimal)
PRINTABLE_TYPES = (
    str,
    bytes,
    uuid.UUID,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    PurePath,
)
HARMLESS_WORD = re.compile(r"[A-Za-z0-9_.$-]{1,80}")

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class ClientFaultFilter(logging.Filter):
    """Keeps what a client alone did wrong out of the log of the ASGI server.

    uvicorn logs text that is no UTF-8 as an exception, once for each frame; anybody could fill the log
    with tracebacks. The client is told by the close code 1007.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is about ourselves."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, UnicodeDecodeError)


class ShortRedisErrors(logging.Filter):
    """Tells in a line that Redis is away, where a library would write a traceback every second."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep each record, those about Redis without their traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RedisError):
            record.msg, record.args = "%s: %s", (record.msg, error)
            record.exc_info = None
        return True


class SafeFormatter(logging.Formatter):
    """Formats records of any logger. It raises nothing: Python would print the arguments then."""

    def format(self, record: logging.LogRecord) -> str:
        """A line; below it, indented, the exception that the record bears."""
        errors = format_record_exception(record)
        line = (
            f"{self.formatTime(record)} {record.levelname} {getattr(record, 'request_id', '-')}"
            f" {clip(record.name, 80)}: {format_message(record)}"
        )
        return clip_lines([line, *errors])

    def formatException(self, ei: Any) -> str:  # noqa: N802 - named by logging
        """An exception, for whoever formats it apart."""
        return clip_lines(list(format_exception_chain(ei[1], ei[2])) if ei[1] else [])


def format_message(record: logging.LogRecord) -> str:
    """The message of a record, without what must not be in the log."""
    package = record.name.partition(".")[0]
    if is_suspicious(record):  # the message is the text of an exception
        kind = record.name.removeprefix("django.security.")
        return clip(f"Refused as {kind}: {_request_line(record)}", MAX_MESSAGE_LENGTH)
    is_literal = package in LITERAL_LOGGERS or package in OWN_PACKAGES
    try:
        text = _fill_in(record, is_literal=is_literal)
    except Exception:  # the message does not fit its arguments, or one of them can't be shown
        text, is_literal = str(record.msg), False
    if record.name == "py.warnings":  # "file:line: Kind: text", and below it a line of the source
        text = "".join(re.findall(r"\A\S+:\d+: \w+(?=:)", record.getMessage()))
    elif not is_literal and not record.args:  # after the first of these a value may follow
        text = re.sub(r"(?s)[\n:(<\[{'\"].*", " ...", text)
    for said in _foreign_texts(record):
        text = text.replace(said, HIDDEN)
    return clip(text.strip(), MAX_MESSAGE_LENGTH)


def is_suspicious(record: logging.LogRecord) -> bool:
    """Whether a record is about a request that Django refused by a SuspiciousOperation."""
    return record.name.startswith("django.security.") and not record.args


def format_record_exception(record: logging.LogRecord) -> list[str]:
    """Lines about the exception of a record; none for requests that Django refused as suspicious."""
    info = record.exc_info
    if not isinstance(info, tuple) or info[1] is None or is_suspicious(record):
        return []
    status = getattr(record, "status_code", None)
    if isinstance(status, int) and status < 500:  # the client's fault, which needs no traceback
        return [f"  {format_exception(info[1])}"]
    return list(format_exception_chain(info[1], info[2]))


def format_value(value: object, depth: int = 2) -> str:
    """A value as the log may show it: short, and of an unknown type only its name."""
    if isinstance(value, BaseException):
        return format_exception(value)
    if isinstance(value, PLAIN_TYPES):
        return str(value)
    if isinstance(value, PRINTABLE_TYPES):
        text = (
            value[: READ_AHEAD_FACTOR * MAX_VALUE_LENGTH]
            if isinstance(value, (str, bytes))
            else value
        )
        return clip(
            text.decode("latin1") if isinstance(text, bytes) else str(text), MAX_VALUE_LENGTH
        )
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return clip(f"{value.__module__}.{value.__qualname__}", MAX_VALUE_LENGTH)
    if depth and isinstance(value, (list, tuple, set, frozenset, dict)):
        items = list(value.items() if isinstance(value, dict) else value)
        few = [format_value(item, depth - 1) for item in items[:MAX_ITEMS]]
        more = [f"... {len(items) - MAX_ITEMS} more"] if len(items) > MAX_ITEMS else []
        return f"[{', '.join(few + more)}]"
    return f"<{type(value).__name__}>"


def format_exception(error: BaseException) -> str:
    """An exception in a line: its type, what is known to be harmless, and its text where it is ours."""
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    facts = ", ".join(f"{label}={value}" for label, value in _read_safe_attributes(error))
    text = _text_of(error) if _is_own(error) else ""
    line = clip(name, 120) + (f" ({facts})" if facts else "")
    return f"{line}: {clip(text, MAX_VALUE_LENGTH)}" if text else line


def format_exception_chain(
    error: BaseException | None, trace: TracebackType | None = None
) -> Iterator[str]:
    """An exception and those that led to it, each with the frames next to the fault."""
    seen: set[int] = set()
    waiting: list[tuple[str, BaseException]] = [("", error)] if error else []
    while waiting and len(seen) < MAX_EXCEPTIONS:
        how, error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield f"  {how}{format_exception(error)}"
        yield from _format_frames(trace if trace and len(seen) == 1 else error.__traceback__)
        if isinstance(error, BaseExceptionGroup):
            waiting += [("within it: ", each) for each in error.exceptions[:MAX_EXCEPTIONS]]
        if error.__cause__ is not None:
            waiting.append(("caused by: ", error.__cause__))
        elif error.__context__ is not None and not error.__suppress_context__:
            waiting.append(("while handling: ", error.__context__))
    if waiting:
        yield f"  ... {len(waiting)} more"


def clip(text: str, most: int) -> str:
    """A text without secrets, in ASCII without control characters, cut to so many characters."""
    length = len(text)
    text = redact(text[: READ_AHEAD_FACTOR * most])
    text = text.replace("…", "...").encode("ascii", "backslashreplace").decode("ascii")
    text = re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)
    return text if len(text) <= most else f"{text[: most - 30]}... ({length} characters)"


def clip_lines(lines: list[str]) -> str:
    """Lines of a record, as many as there is room for."""
    kept, room = [], MAX_RECORD_LENGTH
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("  ...")
            break
        kept.append(line)
    return "\n".join(kept)


def install_exception_hooks() -> None:
    """Send to the log what Python prints by itself, with the values in it, to the standard error.

    Exceptions that end a thread or the process, those that nobody can catch, and warnings.
    """
    logger = logging.getLogger("python")

    def tell(words: str, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            logger.error(words, exc_info=(type(error), error, trace))

    def of_process(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        tell("The process ends", error, trace)

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        tell("A thread ended", arguments.exc_value, arguments.exc_traceback)

    def of_nobody(arguments: "sys.UnraisableHookArgs") -> None:
        tell("Nobody could catch this", arguments.exc_value, arguments.exc_traceback)

    sys.excepthook, threading.excepthook, sys.unraisablehook = of_process, of_thread, of_nobody
    logging.captureWarnings(True)


class _FormattedValue:
    """An argument of a message, which is shown as the log may show it, by `%s` and by `%r`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def _fill_in(record: logging.LogRecord, *, is_literal: bool) -> str:
    """The message with its arguments. Raises whatever formatting raises."""
    message, arguments = record.msg, record.args
    if not isinstance(message, str):
        return format_value(message)

    def wrapped(value: object) -> object:
        if isinstance(value, PLAIN_TYPES):
            return value
        return _FormattedValue(
            format_value(value)
            if is_literal or not isinstance(value, PRINTABLE_TYPES[:2])
            else HIDDEN
        )

    message = message[: READ_AHEAD_FACTOR * MAX_MESSAGE_LENGTH]
    if isinstance(arguments, Mapping):
        return message % {name: wrapped(value) for name, value in arguments.items()}
    return message % tuple(wrapped(value) for value in arguments) if arguments else message


def _foreign_texts(record: logging.LogRecord) -> Iterator[str]:
    """The text of a record's exception, and of those behind it, where it is not ours: to be hidden."""
    info = record.exc_info
    error = info[1] if isinstance(info, tuple) else None
    for _ in range(MAX_EXCEPTIONS):
        if error is None:
            return
        if not _is_own(error):
            yield from (text for text in (_text_of(error), _text_of(error, repr)) if len(text) > 3)
        error = error.__cause__ or error.__context__


def _is_own(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in OWN_PACKAGES


def _text_of(error: BaseException, read: Callable[[object], str] = str) -> str:
    try:
        return read(error)
    except Exception:
        return ""


def _request_line(record: logging.LogRecord) -> str:
    """The method and the path of the request that a record is about, if it names one."""
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    return f"{request.method} {format_value(path)}" if request and isinstance(path, str) else "-"


def _format_frames(trace: TracebackType | None) -> Iterator[str]:
    """The frames of a traceback next to its fault: file, line and function. No values, no source."""
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    if len(frames) > MAX_FRAMES:
        yield f"    ... {len(frames) - MAX_FRAMES} frames"
    for code, line in frames[-MAX_FRAMES:]:
        yield f"    {_shorten_path(code.co_filename)}:{line} {code.co_qualname}"


def _shorten_path(file: str) -> str:
    """A file by its path in the project, or in its package."""
    if "site-packages" in file:
        return file.rpartition("site-packages")[2].lstrip("/\\")
    return file.removeprefix(f"{ROOT}/") if file.startswith(str(ROOT)) else PurePath(file).name


def _read_safe_attributes(error: BaseException) -> Iterator[tuple[str, str]]:
    """Attributes that tell what happened, and are chosen by programs, not by people."""
    for label, read in SAFE_ATTRIBUTES.items():
        with contextlib.suppress(Exception):  # most exceptions lack most attributes
            value = read(error)
            is_word = isinstance(value, (int, str)) and HARMLESS_WORD.fullmatch(str(value))
            if is_word and not isinstance(value, bool):
                yield label, str(value)


def _diagnosis(name: str) -> Callable[[Any], Any]:
    """An attribute of what PostgreSQL said; Django wraps psycopg's exceptions in its own."""

    def read(error: Any) -> Any:
        source = error if hasattr(error, "diag") else error.__cause__
        return getattr(source.diag, name)

    return read


def _errno(error: Any) -> Any:
    return errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None


SAFE_ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    "sqlstate": _diagnosis("sqlstate"),
    "constraint": _diagnosis("constraint_name"),
    "table": _diagnosis("table_name"),
    "column": _diagnosis("column_name"),
    "errno": _errno,
    "smtp": lambda error: error.smtp_code,
    "s3": lambda error: error.response["Error"]["Code"],
    "status": lambda error: error.status_code,
}
