"""Deletes pictures that no map has any more: soon after the change, and by a daily sweep.

Files are named by content, and maps of the same content share them. A trigger (migration 0005_notifications)
names the content that a map had before it changed, was removed or was deleted, by any writer. A task then
deletes its pictures, unless another map has the same content. The daily sweep finds the rest: what changed
while no server ran, drawings of older versions, files that were never finished.

A map of the same content may be saved between the check and the deletion. That costs only time: the picture
is drawn again as soon as somebody asks for it. So is the picture of a map that was removed, which moderators
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
from config.ops import tasks
from config.storage.files import file_store
from maps.drawing.pictures import DRAWING_VERSION, FORMATS
from maps.previews.preview_files import FOLDER, RETRIES, file_name

CHANNEL = "pictures"  # of the trigger, with hashes of content
YOUNG = datetime.timedelta(hours=1)  # files that may belong to a change that is not committed yet
BATCH = 500  # files that are looked up at once
NAME = re.compile(r"([0-9a-f]{64})-(\d+)-([a-z]+)\.([a-z]+)")
# The same as maps.models.conditions.HAS_PREVIEWS, so that its index is used.
USED = """
SELECT DISTINCT terrain_hash FROM maps
WHERE terrain_hash = ANY(%s) AND removed_at IS NULL AND terrain_hash <> ''"""


# ---- After a change -----------------------------------------------------------------------------


def delete_later(contents: list[str]) -> None:
    """Has the pictures of these contents deleted by a task."""
    named = sorted(set(contents) - {EVERYTHING})
    if not named:
        return
    try:
        key = hashlib.sha256(",".join(named).encode()).hexdigest()
        tasks.defer(delete_unused, {"queueing_lock": f"unused:{key}"}, contents=named)
    finally:
        connection.close()  # it is called in any thread, which would keep it


@app.task(name="maps.delete_unused", queue=tasks.PICTURES_IN_ADVANCE, retry=RETRIES)
def delete_unused(contents: list[str]) -> None:
    """Deletes the pictures of contents that no map has now."""
    for content in set(contents) - _used(contents):
        for size in FORMATS:
            file_store.delete(file_name(f"{content}-{DRAWING_VERSION}", size))


def _used(contents: Collection[str]) -> set[str]:
    """Returns those of these contents that maps have."""
    with connection.cursor() as cursor:
        cursor.execute(USED, [list(contents)])
        return {row[0] for row in cursor.fetchall()}


# ---- The sweep ----------------------------------------------------------------------------------


def sweep() -> int:
    """Delete all files of pictures that no map has, and return how many.

    Reads one of 256 folders at a time, and leaves what is younger than an hour. Raises what the storage
    raises.
    """
    deleted = 0
    for folder in (f"{FOLDER}/{name}" for name in sorted(_list(FOLDER)[0])):
        names = [f"{folder}/{name}" for name in _list(folder)[1]]
        for first in range(0, len(names), BATCH):
            deleted += _sweep_files(names[first : first + BATCH])
    return deleted


def _list(folder: str) -> tuple[list[str], list[str]]:
    """The folders and files in a folder; none where it is missing, as in an empty storage."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _sweep_files(names: Sequence[str]) -> int:
    contents = {name: _content_of(name) for name in names}
    used = _used([content for content in contents.values() if content])
    return sum(_delete_old(name) for name, content in contents.items() if content not in used)


def _content_of(name: str) -> str | None:
    """The content of a picture that pages may ask for now; None for any other file."""
    found = NAME.fullmatch(name.rpartition("/")[2])
    if found and found[2] == str(DRAWING_VERSION) and FORMATS.get(found[3]) == found[4]:
        return found[1]
    return None


def _delete_old(name: str) -> bool:
    """Delete a file unless it is young; returns whether it did. Another sweep may be faster."""
    try:
        if timezone.now() - default_storage.get_modified_time(name) < YOUNG:
            return False
    except Exception:  # each storage has errors of its own
        if default_storage.exists(name):
            raise
        return False
    default_storage.delete(name)
    return True
