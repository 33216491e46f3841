"""Generated files: atomic writes, and reads and writes while the storage fails."""

import logging
import os
import time
import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

logger = logging.getLogger(__name__)
SLOW_SECONDS = 0.5  # after a failure that takes longer, the storage is not used for a while
RETRY_AFTER_SECONDS = 10.0  # the length of that while


class AtomicFileSystemStorage(FileSystemStorage):
    """Writes files atomically. A new file replaces the old one.

    Otherwise concurrent requests could read an incomplete file, and a process that is killed would leave one.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Returns the name itself, also if there is a file with this name."""
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
    """Files in the default storage that can be generated again, so a failure never fails a request.

    Each outage is logged once, when it begins.
    """

    def __init__(self) -> None:
        # "read", "saved" or "deleted", because a full disk can still be read
        self._failing: set[str] = set()
        self._unavailable_until = 0.0

    def read(self, name: str) -> bytes | None:
        """Returns the content of a file. None if there is no file, or if the storage fails."""
        began = time.monotonic()
        if began < self._unavailable_until:
            return None
        try:
            with default_storage.open(name) as file:
                body: bytes = file.read()
        except FileNotFoundError:
            return None
        except Exception:  # each storage has other exceptions
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
        except Exception:  # such as a full disk or a missing bucket
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
        except Exception:  # such as a missing bucket or permission
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
