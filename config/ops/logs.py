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

from config.ops.redaction import HIDDEN, mask

LONGEST_VALUE = 300  # characters of one value
LONGEST_MESSAGE = 700
LONGEST_RECORD = 1900  # with its traceback; all characters are of one byte
MOST_ITEMS = 5  # of a list
MOST_FRAMES = 8  # of each exception: those next to the fault
MOST_ERRORS = 5  # of a chain or a group
CONTEXT = 4  # times as much is read as is shown: a secret must not be cut before it is found

# Loggers whose messages are fixed texts, with values as arguments. Others may put anything into them.
LITERAL = {"django", "python", "uvicorn"}
OURS = {
    "config",
    "accounts",
    "tribes",
    "maps",
    "sessions_app",
}  # packages whose exceptions have text
ROOT = Path(__file__).resolve().parent.parent
PLAIN = (int, float, bool, type(None), decimal.Decimal)
SHOWN = (str, bytes, uuid.UUID, datetime.date, datetime.time, datetime.timedelta, PurePath)
WORD = re.compile(r"[A-Za-z0-9_.$-]{1,80}")

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class ServersFaults(logging.Filter):
    """Keeps what a client alone did wrong out of the log of the ASGI server.

    uvicorn logs text that is no UTF-8 as an exception, once for each frame; anybody could fill the log
    with tracebacks. The client is told by the close code 1007.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is about ourselves."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, UnicodeDecodeError)


class RedisInShort(logging.Filter):
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
        errors = exception_lines(record)
        line = (
            f"{self.formatTime(record)} {record.levelname} {getattr(record, 'request_id', '-')}"
            f" {clip(record.name, 80)}: {message_of(record)}"
        )
        return clip_lines([line, *errors])

    def formatException(self, ei: Any) -> str:  # noqa: N802 - named by logging
        """An exception, for whoever formats it apart."""
        return clip_lines(list(describe_chain(ei[1], ei[2])) if ei[1] else [])


def message_of(record: logging.LogRecord) -> str:
    """The message of a record, without what must not be in the log."""
    package = record.name.partition(".")[0]
    if is_suspicious(record):  # the message is the text of an exception
        kind = record.name.removeprefix("django.security.")
        return clip(f"Refused as {kind}: {_request_line(record)}", LONGEST_MESSAGE)
    is_literal = package in LITERAL or package in OURS
    try:
        text = _filled_in(record, is_literal=is_literal)
    except Exception:  # the message does not fit its arguments, or one of them can't be shown
        text, is_literal = str(record.msg), False
    if record.name == "py.warnings":  # "file:line: Kind: text", and below it a line of the source
        text = "".join(re.findall(r"\A\S+:\d+: \w+(?=:)", record.getMessage()))
    elif not is_literal and not record.args:  # after the first of these a value may follow
        text = re.sub(r"(?s)[\n:(<\[{'\"].*", " ...", text)
    for said in _texts_of(record):
        text = text.replace(said, HIDDEN)
    return clip(text.strip(), LONGEST_MESSAGE)


def is_suspicious(record: logging.LogRecord) -> bool:
    """Whether a record is about a request that Django refused by a SuspiciousOperation."""
    return record.name.startswith("django.security.") and not record.args


def exception_lines(record: logging.LogRecord) -> list[str]:
    """Lines about the exception of a record; none for requests that Django refused as suspicious."""
    info = record.exc_info
    if not isinstance(info, tuple) or info[1] is None or is_suspicious(record):
        return []
    status = getattr(record, "status_code", None)
    if isinstance(status, int) and status < 500:  # the client's fault, which needs no traceback
        return [f"  {describe(info[1])}"]
    return list(describe_chain(info[1], info[2]))


def shown(value: object, depth: int = 2) -> str:
    """A value as the log may show it: short, and of an unknown type only its name."""
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, PLAIN):
        return str(value)
    if isinstance(value, SHOWN):
        text = value[: CONTEXT * LONGEST_VALUE] if isinstance(value, (str, bytes)) else value
        return clip(text.decode("latin1") if isinstance(text, bytes) else str(text), LONGEST_VALUE)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return clip(f"{value.__module__}.{value.__qualname__}", LONGEST_VALUE)
    if depth and isinstance(value, (list, tuple, set, frozenset, dict)):
        items = list(value.items() if isinstance(value, dict) else value)
        few = [shown(item, depth - 1) for item in items[:MOST_ITEMS]]
        more = [f"... {len(items) - MOST_ITEMS} more"] if len(items) > MOST_ITEMS else []
        return f"[{', '.join(few + more)}]"
    return f"<{type(value).__name__}>"


def describe(error: BaseException) -> str:
    """An exception in a line: its type, what is known to be harmless, and its text where it is ours."""
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    facts = ", ".join(f"{label}={value}" for label, value in _facts(error))
    text = _text_of(error) if _is_ours(error) else ""
    line = clip(name, 120) + (f" ({facts})" if facts else "")
    return f"{line}: {clip(text, LONGEST_VALUE)}" if text else line


def describe_chain(
    error: BaseException | None, trace: TracebackType | None = None
) -> Iterator[str]:
    """An exception and those that led to it, each with the frames next to the fault."""
    seen: set[int] = set()
    waiting: list[tuple[str, BaseException]] = [("", error)] if error else []
    while waiting and len(seen) < MOST_ERRORS:
        how, error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield f"  {how}{describe(error)}"
        yield from _frames(trace if trace and len(seen) == 1 else error.__traceback__)
        if isinstance(error, BaseExceptionGroup):
            waiting += [("within it: ", each) for each in error.exceptions[:MOST_ERRORS]]
        if error.__cause__ is not None:
            waiting.append(("caused by: ", error.__cause__))
        elif error.__context__ is not None and not error.__suppress_context__:
            waiting.append(("while handling: ", error.__context__))
    if waiting:
        yield f"  ... {len(waiting)} more"


def clip(text: str, most: int) -> str:
    """A text without secrets, in ASCII without control characters, cut to so many characters."""
    length = len(text)
    text = mask(text[: CONTEXT * most])
    text = text.replace("…", "...").encode("ascii", "backslashreplace").decode("ascii")
    text = re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)
    return text if len(text) <= most else f"{text[: most - 30]}... ({length} characters)"


def clip_lines(lines: list[str]) -> str:
    """Lines of a record, as many as there is room for."""
    kept, room = [], LONGEST_RECORD
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("  ...")
            break
        kept.append(line)
    return "\n".join(kept)


def install_hooks() -> None:
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


class _Value:
    """An argument of a message, which is shown as the log may show it, by `%s` and by `%r`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def _filled_in(record: logging.LogRecord, *, is_literal: bool) -> str:
    """The message with its arguments. Raises whatever formatting raises."""
    message, arguments = record.msg, record.args
    if not isinstance(message, str):
        return shown(message)

    def wrapped(value: object) -> object:
        if isinstance(value, PLAIN):
            return value
        return _Value(shown(value) if is_literal or not isinstance(value, SHOWN[:2]) else HIDDEN)

    message = message[: CONTEXT * LONGEST_MESSAGE]
    if isinstance(arguments, Mapping):
        return message % {name: wrapped(value) for name, value in arguments.items()}
    return message % tuple(wrapped(value) for value in arguments) if arguments else message


def _texts_of(record: logging.LogRecord) -> Iterator[str]:
    """The text of a record's exception, and of those behind it, where it is not ours: to be hidden."""
    info = record.exc_info
    error = info[1] if isinstance(info, tuple) else None
    for _ in range(MOST_ERRORS):
        if error is None:
            return
        if not _is_ours(error):
            yield from (text for text in (_text_of(error), _text_of(error, repr)) if len(text) > 3)
        error = error.__cause__ or error.__context__


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in OURS


def _text_of(error: BaseException, read: Callable[[object], str] = str) -> str:
    try:
        return read(error)
    except Exception:
        return ""


def _request_line(record: logging.LogRecord) -> str:
    """The method and the path of the request that a record is about, if it names one."""
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    return f"{request.method} {shown(path)}" if request and isinstance(path, str) else "-"


def _frames(trace: TracebackType | None) -> Iterator[str]:
    """The frames of a traceback next to its fault: file, line and function. No values, no source."""
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    if len(frames) > MOST_FRAMES:
        yield f"    ... {len(frames) - MOST_FRAMES} frames"
    for code, line in frames[-MOST_FRAMES:]:
        yield f"    {_place(code.co_filename)}:{line} {code.co_qualname}"


def _place(file: str) -> str:
    """A file by its path in the project, or in its package."""
    if "site-packages" in file:
        return file.rpartition("site-packages")[2].lstrip("/\\")
    return file.removeprefix(f"{ROOT}/") if file.startswith(str(ROOT)) else PurePath(file).name


def _facts(error: BaseException) -> Iterator[tuple[str, str]]:
    """Attributes that tell what happened, and are chosen by programs, not by people."""
    for label, read in SAFE.items():
        with contextlib.suppress(Exception):  # most exceptions lack most attributes
            value = read(error)
            is_word = isinstance(value, (int, str)) and WORD.fullmatch(str(value))
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


SAFE: dict[str, Callable[[Any], Any]] = {
    "sqlstate": _diagnosis("sqlstate"),
    "constraint": _diagnosis("constraint_name"),
    "table": _diagnosis("table_name"),
    "column": _diagnosis("column_name"),
    "errno": _errno,
    "smtp": lambda error: error.smtp_code,
    "s3": lambda error: error.response["Error"]["Code"],
    "status": lambda error: error.status_code,
}
