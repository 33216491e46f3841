"""Formats values and exceptions for the log: short, in ASCII, and without secrets.

The text of an exception is shown only if its type is ours, because texts of other packages contain rows, URLs
and passwords. Attributes that are known to be harmless (SAFE_ATTRIBUTES) are always shown.
"""

import contextlib
import datetime
import decimal
import errno
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from config.ops.redaction import redact

MAX_VALUE_LENGTH = 300  # characters of one value
MAX_ITEMS = 5  # of a list
# How much more is searched for secrets than is shown, because a secret that is cut would not be found.
READ_AHEAD_FACTOR = 4
OWN_PACKAGES = {"config", "accounts", "tribes", "maps", "sessions_app"}
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
SAFE_WORD = re.compile(r"[A-Za-z0-9_.$-]{1,80}")


def format_value(value: object, depth: int = 2) -> str:
    """Returns a value as the log may show it: for an unknown type, only the name of the type."""
    if isinstance(value, BaseException):
        return format_exception(value)
    if isinstance(value, PLAIN_TYPES):
        return str(value)
    if isinstance(value, PRINTABLE_TYPES):
        is_long = isinstance(value, (str, bytes))
        text = value[: READ_AHEAD_FACTOR * MAX_VALUE_LENGTH] if is_long else value  # type: ignore[index]
        return clip(
            text.decode("latin1") if isinstance(text, bytes) else str(text), MAX_VALUE_LENGTH
        )
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return clip(f"{value.__module__}.{value.__qualname__}", MAX_VALUE_LENGTH)
    if depth and isinstance(value, (list, tuple, set, frozenset, dict)):
        items = list(value.items() if isinstance(value, dict) else value)
        first = [format_value(item, depth - 1) for item in items[:MAX_ITEMS]]
        more = [f"... {len(items) - MAX_ITEMS} more"] if len(items) > MAX_ITEMS else []
        return f"[{', '.join(first + more)}]"
    return f"<{type(value).__name__}>"


def format_exception(error: BaseException) -> str:
    """Returns an exception as one line: type, safe attributes, and the text if the type is ours."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    attributes = ", ".join(f"{label}={value}" for label, value in _read_safe_attributes(error))
    text = text_of(error) if is_own(error) else ""
    line = clip(f"{module}{kind.__qualname__}", 120) + (f" ({attributes})" if attributes else "")
    return f"{line}: {clip(text, MAX_VALUE_LENGTH)}" if text else line


def clip(text: str, limit: int) -> str:
    """Returns a text without secrets, in ASCII without control characters, cut to `limit` characters."""
    length = len(text)
    text = redact(text[: READ_AHEAD_FACTOR * limit])
    text = text.replace("…", "...").encode("ascii", "backslashreplace").decode("ascii")
    text = re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", text)
    return text if len(text) <= limit else f"{text[: limit - 30]}... ({length} characters)"


def is_own(error: BaseException) -> bool:
    """Returns whether the type of an exception is ours."""
    return type(error).__module__.partition(".")[0] in OWN_PACKAGES


def text_of(error: BaseException, read: Callable[[object], str] = str) -> str:
    """Returns the text of an exception. Empty if it can't be read."""
    try:
        return read(error)
    except Exception:
        return ""


def _read_safe_attributes(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yields names and values of safe attributes. Programs choose these values, not people."""
    for label, read in SAFE_ATTRIBUTES.items():
        with contextlib.suppress(Exception):  # most exceptions lack most attributes
            value = read(error)
            is_word = isinstance(value, (int, str)) and SAFE_WORD.fullmatch(str(value))
            if is_word and not isinstance(value, bool):
                yield label, str(value)


def _diagnostic(name: str) -> Callable[[Any], Any]:
    """Returns a function that reads a diagnostic of psycopg's error, which Django wraps in its own."""

    def read(error: Any) -> Any:
        source = error if hasattr(error, "diag") else error.__cause__
        return getattr(source.diag, name)

    return read


def _errno(error: Any) -> Any:
    return errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None


SAFE_ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    "sqlstate": _diagnostic("sqlstate"),
    "constraint": _diagnostic("constraint_name"),
    "table": _diagnostic("table_name"),
    "column": _diagnostic("column_name"),
    "errno": _errno,
    "smtp": lambda error: error.smtp_code,
    "s3": lambda error: error.response["Error"]["Code"],
    "status": lambda error: error.status_code,
}
