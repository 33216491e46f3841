"""What is kept out of the log."""

import logging

from redis.exceptions import RedisError


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
            record.msg, record.args = "%s: %s", (record.getMessage(), error)
            record.exc_info = None
        return True
