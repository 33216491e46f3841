"""Deletes pictures that no map has any more: soon after the change, and in a daily sweep.

Files are named by content, and maps of the same content share them. A trigger (migration 0005_notifications)
reports the content that a map had before it was changed, removed or deleted, by any writer. A task then
deletes its pictures, unless another map has the same content. The daily sweep finds the rest: changes made
while no server ran, pictures of older drawing versions, incomplete files.

A map of the same content may be saved between the check and the deletion. That costs only time: the picture
is drawn again at the next request. The same holds for the picture of a map that was removed, which moderators
and the players of a running game still see.
"""

import datetime
import hashlib
import re
from collections.abc import Collection, Sequence

from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from config.db.notifications import EVERYTHING
from config.ops import task_queue
from config.storage.files import file_store
from maps.drawing.formats import DRAWING_VERSION, FORMATS
from maps.previews.preview_files import FOLDER, RETRIES, file_name

CHANNEL = "pictures"  # of the trigger, with hashes of content
MIN_AGE = datetime.timedelta(hours=1)  # files that may belong to a change that is not committed yet
BATCH_SIZE = 500  # files that are looked up at once
FILE_NAME = re.compile(r"([0-9a-f]{64})-(\d+)-([a-z]+)\.([a-z]+)")
# The same as maps.models.conditions.HAS_PREVIEWS, so that its index is used.
FIND_USED = """
SELECT DISTINCT terrain_hash FROM maps
WHERE terrain_hash = ANY(%s) AND removed_at IS NULL AND terrain_hash <> ''"""


# ---- After a change -----------------------------------------------------------------------------


def schedule_deletion(contents: list[str]) -> None:
    """Adds a job that deletes the pictures of these contents."""
    hashes = sorted(set(contents) - {EVERYTHING})
    if not hashes:
        return
    try:
        key = hashlib.sha256(",".join(hashes).encode()).hexdigest()
        task_queue.defer(delete_unused, {"queueing_lock": f"unused:{key}"}, contents=hashes)
    finally:
        connection.close()  # it may be called in any thread, which would leave the connection open


@app.task(name="maps.delete_unused", queue=task_queue.PICTURES_IN_ADVANCE, retry=RETRIES)
def delete_unused(contents: list[str]) -> None:
    """Deletes the pictures of those contents that no map has."""
    for content in set(contents) - _find_used(contents):
        for size in FORMATS:
            file_store.delete(file_name(f"{content}-{DRAWING_VERSION}", size))


def _find_used(contents: Collection[str]) -> set[str]:
    """Returns which of the contents maps have."""
    with connection.cursor() as cursor:
        cursor.execute(FIND_USED, [list(contents)])
        return {row[0] for row in cursor.fetchall()}


# ---- The sweep ----------------------------------------------------------------------------------


def sweep() -> int:
    """Deletes all files of pictures that no map has. Returns how many.

    Reads one of 256 folders at a time, and skips files that are younger than an hour. Raises the errors of
    the storage.
    """
    deleted = 0
    for folder in (f"{FOLDER}/{name}" for name in sorted(_list(FOLDER)[0])):
        names = [f"{folder}/{name}" for name in _list(folder)[1]]
        for first in range(0, len(names), BATCH_SIZE):
            deleted += _sweep_files(names[first : first + BATCH_SIZE])
    return deleted


def _list(folder: str) -> tuple[list[str], list[str]]:
    """Returns the folders and files in a folder; none if it is missing, as in an empty storage."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _sweep_files(names: Sequence[str]) -> int:
    contents = {name: _content_of(name) for name in names}
    used = _find_used([content for content in contents.values() if content])
    return sum(
        _delete_unless_new(name) for name, content in contents.items() if content not in used
    )


def _content_of(name: str) -> str | None:
    """Returns the content of a picture of the current drawing version; None for any other file."""
    found = FILE_NAME.fullmatch(name.rpartition("/")[2])
    if found and found[2] == str(DRAWING_VERSION) and FORMATS.get(found[3]) == found[4]:
        return found[1]
    return None


def _delete_unless_new(name: str) -> bool:
    """Deletes a file unless it is new. Returns whether it did. Another process may delete it first."""
    try:
        if timezone.now() - default_storage.get_modified_time(name) < MIN_AGE:
            return False
    except Exception:  # each storage has errors of its own
        if default_storage.exists(name):
            raise
        return False
    default_storage.delete(name)
    return True
