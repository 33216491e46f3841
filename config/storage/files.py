"""Files that the site makes: how they are written, and what happens while the storage fails."""

import logging
import os
import time
import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

logger = logging.getLogger(__name__)
SLOW_SECONDS = 0.5  # a failure that takes longer must not happen in each request
RETRY_AFTER_SECONDS = 10.0  # after a slow failure, until the storage is used again


class AtomicFileSystemStorage(FileSystemStorage):
    """Files appear complete or not at all, and a new one replaces the old one.

    Otherwise two requests that make the same file would read each other's incomplete one, and a process
    that is killed would leave it there.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Returns the name itself, also when a file has it."""
        return name

    def _save(self, name: str, content: Any) -> str:
        unfinished = f"{name}.{uuid.uuid4().hex}"
        try:
            super()._save(unfinished, content)  # type: ignore[misc]
            os.replace(self.path(unfinished), self.path(name))
        except BaseException:  # on a full disk, the incomplete file would stay
            self.delete(unfinished)
            raise
        return name


class FileStore:
    """Files in the default storage that can be made again. A failure costs time, not the response.

    Each outage is logged once, when it begins.
    """

    def __init__(self) -> None:
        # "read", "saved" or "deleted": a full disk can still be read
        self._failing: set[str] = set()
        self._unavailable_until = 0.0

    def read(self, name: str) -> bytes | None:
        """Returns a file. None where there is none, or where the storage fails."""
        began = time.monotonic()
        if began < self._unavailable_until:
            return None
        try:
            with default_storage.open(name) as file:
                body: bytes = file.read()
        except FileNotFoundError:
            return None
        except Exception:  # each storage has errors of its own
            self._record_failure("read", name, began)
            return None
        self._failing.discard("read")
        return body

    def save(self, name: str, body: bytes) -> bool:
        """Saves a file, if the storage works. Returns whether it was saved."""
        began = time.monotonic()
        if began < self._unavailable_until:
            return False
        try:
            default_storage.save(name, ContentFile(body))
        except Exception:  # a full disk, a bucket that is missing
            self._record_failure("saved", name, began)
            return False
        self._failing.discard("saved")
        return True

    def delete(self, name: str) -> None:
        """Deletes a file, if there is one and the storage works."""
        began = time.monotonic()
        if began < self._unavailable_until:
            return
        try:
            default_storage.delete(name)
        except Exception:  # a bucket that is missing, or a key that may not delete
            self._record_failure("deleted", name, began)
        else:
            self._failing.discard("deleted")

    def _record_failure(self, operation: str, name: str, began: float) -> None:
        if operation not in self._failing:
            logger.exception("Files can't be %s. The first is %s", operation, name)
        self._failing.add(operation)
        if time.monotonic() - began > SLOW_SECONDS:
            self._unavailable_until = time.monotonic() + RETRY_AFTER_SECONDS


file_store = FileStore()
