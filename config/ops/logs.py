"""The log: its only formatter, its filters, and the hooks for exceptions that Python would print.

More people can read the log than the database, and it is stored longer. So one formatter writes all records:
of Django, the server, libraries and our own code. It writes

- short values in ASCII on one line, so that nobody can forge lines, or fill a disk with a long header;
- no secrets and no email addresses (config/ops/redaction.py);
- exceptions by their type, their place and harmless attributes (config/ops/log_values.py).

See docs/decisions/0015-logs.md.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from config.ops.log_values import (
    OWN_PACKAGES,
    PLAIN_TYPES,
    READ_AHEAD_FACTOR,
    clip,
    format_exception,
    format_value,
    is_own,
    text_of,
)
from config.ops.redaction import HIDDEN

MAX_MESSAGE_LENGTH = 700  # characters
MAX_RECORD_LENGTH = 1900  # with the traceback
MAX_FRAMES = 8  # of each exception: those next to the error
MAX_EXCEPTIONS = 5  # of a chain or a group

# Loggers whose messages are constants, with values as arguments. Messages of others may contain values.
LITERAL_LOGGERS = {"django", "python", "uvicorn"}
ROOT = Path(__file__).resolve().parents[2]


class ClientFaultFilter(logging.Filter):
    """Drops records of the ASGI server about errors of a client.

    uvicorn logs an exception for each frame that is not UTF-8, so anybody could fill the log with tracebacks.
    The client gets the close code 1007.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether to log the record."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, UnicodeDecodeError)


class SafeFormatter(logging.Formatter):
    """Formats records of any logger. It never raises, because Python would then print the arguments."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line of a record, then indented lines for its exception."""
        errors = format_record_exception(record)
        line = (
            f"{self.formatTime(record)} {record.levelname} {getattr(record, 'request_id', '-')}"
            f" {clip(record.name, 80)}: {format_message(record)}"
        )
        return clip_lines([line, *errors])

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Returns the lines of an exception, for other formatters."""
        return clip_lines(list(format_exception_chain(ei[1], ei[2])) if ei[1] else [])


def format_message(record: logging.LogRecord) -> str:
    """Returns the message of a record without secrets."""
    package = record.name.partition(".")[0]
    if is_suspicious(record):  # the message is the text of an exception
        kind = record.name.removeprefix("django.security.")
        return clip(f"Rejected as {kind}: {_request_line(record)}", MAX_MESSAGE_LENGTH)
    is_literal = package in LITERAL_LOGGERS or package in OWN_PACKAGES
    try:
        text = _fill_in(record, is_literal=is_literal)
    except Exception:  # the message does not match its arguments, or one of them can't be shown
        text, is_literal = str(record.msg), False
    if record.name == "py.warnings":  # "file:line: Kind: text", then a line of source code
        text = "".join(re.findall(r"\A\S+:\d+: \w+(?=:)", record.getMessage()))
    elif not is_literal and not record.args:  # a value may follow one of these characters
        text = re.sub(r"(?s)[\n:(<\[{'\"].*", " ...", text)
    for foreign in _foreign_texts(record):
        text = text.replace(foreign, HIDDEN)
    return clip(text.strip(), MAX_MESSAGE_LENGTH)


def is_suspicious(record: logging.LogRecord) -> bool:
    """Returns whether a record is about a request that Django rejected with a SuspiciousOperation."""
    return record.name.startswith("django.security.") and not record.args


def format_record_exception(record: logging.LogRecord) -> list[str]:
    """Returns lines for the exception of a record, except for a request that Django rejected."""
    info = record.exc_info
    if not isinstance(info, tuple) or info[1] is None or is_suspicious(record):
        return []
    status = getattr(record, "status_code", None)
    if isinstance(status, int) and status < 500:  # an error of the client needs no traceback
        return [f"  {format_exception(info[1])}"]
    return list(format_exception_chain(info[1], info[2]))


def format_exception_chain(
    error: BaseException | None, trace: TracebackType | None = None
) -> Iterator[str]:
    """Yields lines for an exception and its causes, each with the frames next to the error."""
    seen: set[int] = set()
    waiting: list[tuple[str, BaseException]] = [("", error)] if error else []
    while waiting and len(seen) < MAX_EXCEPTIONS:
        relation, error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield f"  {relation}{format_exception(error)}"
        yield from _format_frames(trace if trace and len(seen) == 1 else error.__traceback__)
        if isinstance(error, BaseExceptionGroup):
            waiting += [("within it: ", each) for each in error.exceptions[:MAX_EXCEPTIONS]]
        if error.__cause__ is not None:
            waiting.append(("caused by: ", error.__cause__))
        elif error.__context__ is not None and not error.__suppress_context__:
            waiting.append(("while handling: ", error.__context__))
    if waiting:
        yield f"  ... {len(waiting)} more"


def clip_lines(lines: list[str]) -> str:
    """Returns the lines of a record that fit into MAX_RECORD_LENGTH."""
    fitting, room = [], MAX_RECORD_LENGTH
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            fitting.append("  ...")
            break
        fitting.append(line)
    return "\n".join(fitting)


def install_exception_hooks() -> None:
    """Logs exceptions that Python would print to the standard error with all values.

    These are exceptions that end a thread or the process, unraisable ones, and warnings.
    """
    logger = logging.getLogger("python")

    def log(text: str, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            logger.error(text, exc_info=(type(error), error, trace))

    def log_end_of_process(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log("The process ended by an exception", error, trace)

    def log_end_of_thread(arguments: threading.ExceptHookArgs) -> None:
        log("A thread ended by an exception", arguments.exc_value, arguments.exc_traceback)

    def log_unraisable(arguments: "sys.UnraisableHookArgs") -> None:
        log("An exception could not be raised", arguments.exc_value, arguments.exc_traceback)

    sys.excepthook, threading.excepthook = log_end_of_process, log_end_of_thread
    sys.unraisablehook = log_unraisable
    logging.captureWarnings(True)


class _FormattedValue:
    """An argument of a message, formatted for the log, both for `%s` and for `%r`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def _fill_in(record: logging.LogRecord, *, is_literal: bool) -> str:
    """Returns the message with its arguments. Raises what formatting raises."""
    message, arguments = record.msg, record.args
    if not isinstance(message, str):
        return format_value(message)

    def wrap(value: object) -> object:
        if isinstance(value, PLAIN_TYPES):
            return value
        is_hidden = not is_literal and isinstance(value, (str, bytes))
        return _FormattedValue(HIDDEN if is_hidden else format_value(value))

    message = message[: READ_AHEAD_FACTOR * MAX_MESSAGE_LENGTH]
    if isinstance(arguments, Mapping):
        return message % {name: wrap(value) for name, value in arguments.items()}
    return message % tuple(wrap(value) for value in arguments) if arguments else message


def _foreign_texts(record: logging.LogRecord) -> Iterator[str]:
    """Yields the texts of a record's exceptions that are not ours, which must be hidden."""
    info = record.exc_info
    error = info[1] if isinstance(info, tuple) else None
    for _ in range(MAX_EXCEPTIONS):
        if error is None:
            return
        if not is_own(error):
            yield from (text for text in (text_of(error), text_of(error, repr)) if len(text) > 3)
        error = error.__cause__ or error.__context__


def _request_line(record: logging.LogRecord) -> str:
    """Returns method and path of the request that a record is about, if it has one."""
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    return f"{request.method} {format_value(path)}" if request and isinstance(path, str) else "-"


def _format_frames(trace: TracebackType | None) -> Iterator[str]:
    """Yields the frames next to the error: file, line and function. No values, no source code."""
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    if len(frames) > MAX_FRAMES:
        yield f"    ... {len(frames) - MAX_FRAMES} frames"
    for code, line in frames[-MAX_FRAMES:]:
        yield f"    {_shorten_path(code.co_filename)}:{line} {code.co_qualname}"


def _shorten_path(file: str) -> str:
    """Returns the path of a file in the project, or in its package."""
    if "site-packages" in file:
        return file.rpartition("site-packages")[2].lstrip("/\\")
    return file.removeprefix(f"{ROOT}/") if file.startswith(str(ROOT)) else PurePath(file).name
