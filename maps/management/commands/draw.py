"""`manage.py draw`: draws missing pictures of maps."""

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
    """Draws missing pictures. It can be interrupted and run again."""

    help = "Draw missing pictures of maps: after `seed`, or after a change of the drawing code."

    def handle(self, *arguments: Any, **options: Any) -> None:
        # Pictures of a map without a hash can't be stored, so they are drawn for each request.
        maps = GameMap.objects.filter(removed_at__isnull=True).exclude(terrain_hash="")
        ids = maps.order_by("-hot_score").values_list("pk", flat=True)
        total, number = maps.count() if options["verbosity"] else 0, 0
        for map_id in tqdm(
            ids.iterator(), "maps", total, file=sys.stderr, disable=not options["verbosity"]
        ):
            number += draw(map_id)
        if options["verbosity"]:
            self.stdout.write(f"{number:,} pictures drawn.")


def draw(map_id: UUID) -> int:
    """Draws the missing pictures of a map and returns their number.

    Raises CommandError if they can't be stored.
    """
    try:
        drawn, stored = preview_files.draw_missing(map_id)
    except (TerrainError, GameMap.DoesNotExist):  # an invalid terrain, or deleted meanwhile
        return 0
    except Exception as error:  # each storage has errors of its own
        raise CommandError(f"The storage of pictures can't be read: {error}") from error
    if stored < drawn:
        raise CommandError("Pictures can't be stored. See the log for the reason.")
    return stored
