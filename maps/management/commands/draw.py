"""`manage.py draw`: draw the pictures of maps that are not there yet."""

import sys
from typing import Any
from uuid import UUID

from django.core.management import CommandError
from django.core.management.base import BaseCommand
from tqdm import tqdm

from maps.models import GameMap
from maps.previews import preview_files
from maps.terrain.validation import TerrainError


class Command(BaseCommand):
    """Draw what browsing would have to wait for. It can be stopped, and begun again."""

    help = "Draw the pictures of maps that are missing: after a seed, or a new way of drawing."

    def handle(self, *arguments: Any, **options: Any) -> None:
        # One without a hash is drawn for each request: its pictures have no name.
        maps = GameMap.objects.filter(removed_at__isnull=True).exclude(terrain_hash="")
        ids = maps.order_by("-hot_score").values_list("pk", flat=True)
        total, kept = maps.count() if options["verbosity"] else 0, 0
        for map_id in tqdm(
            ids.iterator(), "maps", total, file=sys.stderr, disable=not options["verbosity"]
        ):
            kept += draw(map_id)
        if options["verbosity"]:
            self.stdout.write(f"{kept:,} pictures drawn.")


def draw(map_id: UUID) -> int:
    """Draw what is missing of a map; answers how much. Raises CommandError where it can't be kept."""
    try:
        drawn, kept = preview_files.draw_missing(map_id)
    except (TerrainError, GameMap.DoesNotExist):  # no whole terrain, or deleted meanwhile
        return 0
    except Exception as error:  # each storage has errors of its own
        raise CommandError(f"The storage of pictures can't be asked: {error}") from error
    if kept < drawn:
        raise CommandError("Pictures can't be kept; the log says why.")
    return kept
