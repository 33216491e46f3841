"""Where files that the site makes are kept."""

import json
import logging
import os
import time
import uuid
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from servestatic.storage import CompressedManifestStaticFilesStorage

logger = logging.getLogger(__name__)
SLOW_SECONDS = (
    0.5  # seconds; a failure that takes longer costs too much to meet it with each request
)
RETRY_AFTER_SECONDS = 10.0  # seconds that a storage is left alone after such a failure


class AtomicFileSystemStorage(FileSystemStorage):
    """Files appear whole or not at all, and a new one takes the old one's place.

    Two requests that make the same file at once would otherwise read each other's half-written one,
    and a process that is killed would leave it for good.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself, taken or not."""
        return name

    def _save(self, name: str, content: Any) -> str:
        unfinished = f"{name}.{uuid.uuid4().hex}"
        try:
            super()._save(unfinished, content)  # type: ignore[misc]
            os.replace(self.path(unfinished), self.path(name))
        except BaseException:  # a full disk needs its room back
            self.delete(unfinished)
            raise
        return name


class FileStore:
    """Files that could be made again, in the default storage: one that fails costs time, no answer.

    Each outage is logged once, when it begins.
    """

    def __init__(self) -> None:
        # "read", "kept" and "deleted", apart: a full disk can still be read
        self._failing: set[str] = set()
        self._rests_until = 0.0

    def read(self, name: str) -> bytes | None:
        """A kept file; None where there is none, or none can be had now."""
        begun = time.monotonic()
        if begun < self._rests_until:
            return None
        try:
            with default_storage.open(name) as file:
                body: bytes = file.read()
        except FileNotFoundError:
            return None
        except Exception:  # each storage has errors of its own
            self._note_failure("read", name, begun)
            return None
        self._failing.discard("read")
        return body

    def keep(self, name: str, body: bytes) -> None:
        """Keep a file, where that is possible now."""
        begun = time.monotonic()
        if begun < self._rests_until:
            return
        try:
            default_storage.save(name, ContentFile(body))
        except Exception:  # a full disk, a bucket that is gone
            self._note_failure("kept", name, begun)
        else:
            self._failing.discard("kept")

    def delete(self, name: str) -> None:
        """Delete a file, where that is possible now and where there is one."""
        begun = time.monotonic()
        if begun < self._rests_until:
            return
        try:
            default_storage.delete(name)
        except Exception:  # a bucket that is gone, or that this key may not delete from
            self._note_failure("deleted", name, begun)
        else:
            self._failing.discard("deleted")

    def _note_failure(self, deed: str, name: str, begun: float) -> None:
        if deed not in self._failing:
            logger.exception("Files can't be %s, the first of them is %s", deed, name)
        self._failing.add(deed)
        if time.monotonic() - begun > SLOW_SECONDS:
            self._rests_until = time.monotonic() + RETRY_AFTER_SECONDS


file_store = FileStore()


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Static files named by their content, also where our modules import each other.

    Django can do that for all modules; those of packages import what packages don't ship.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r'(?P<matched>from "(?P<url>\.{1,2}/[\w/-]+\.js)";)', 'from "%(url)s";'),)),
    )


def public_names(root: Path) -> set[str]:
    """The files in a folder of static files that are for everybody: those that its manifest names.

    Neither the manifest itself, nor files that are hidden, nor source maps.
    """
    manifest = root / HashedStaticFilesStorage.manifest_name
    names = json.loads(manifest.read_text())["paths"].values() if manifest.exists() else ()
    return {
        name for name in names if not name.endswith(".map") and not Path(name).name.startswith(".")
    }
