"""Where files that the site makes are kept."""

import os
import uuid
from typing import Any

from django.core.files.storage import FileSystemStorage
from servestatic.storage import CompressedManifestStaticFilesStorage


class AtomicFileSystemStorage(FileSystemStorage):
    """Files appear whole or not at all, and a new one takes the old one's place.

    Two requests that make the same file at once would otherwise read each other's half-written one,
    and a process that is killed would leave it for good.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself, taken or not."""
        return name

    def _save(self, name: str, content: Any) -> str:
        unfinished: str = super()._save(f"{name}.{uuid.uuid4().hex}", content)  # type: ignore[misc]
        os.replace(self.path(unfinished), self.path(name))
        return name


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Static files named by their content, also where our modules import each other.

    Django can do that for all modules; those of packages import what packages don't ship.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r'(?P<matched>from "(?P<url>\./[\w-]+\.js)";)', 'from "%(url)s";'),)),
    )
