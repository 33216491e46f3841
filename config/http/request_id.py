"""The id of a request: in a header of its response, in errors and in the log."""

import contextvars
import logging
import re
import secrets

REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose_request_id(sent: str) -> str:
    """Returns the id that a proxy sent, so that both logs have the same, or a new one."""
    return sent if ID_PATTERN.fullmatch(sent) else secrets.token_hex(16)


class RequestIdFilter(logging.Filter):
    """Adds the request's id to each record of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds the id. Returns True."""
        record.request_id = REQUEST_ID.get() or "-"
        return True
