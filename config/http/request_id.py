"""The id of a request, in the header of its response, in errors and in the log."""

import contextvars
import logging
import re
import uuid

REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose_request_id(given: str) -> str:
    """Returns the id that a proxy sent, so that its log and ours can be read together, or a new one."""
    return given if SAFE_ID.fullmatch(given) else uuid.uuid4().hex


class RequestIdFilter(logging.Filter):
    """Puts the request's id into each line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds the id. Lets every line through."""
        record.request_id = REQUEST_ID.get() or "-"
        return True
