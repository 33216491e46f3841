"""The indexes of the orders hold what conditions look at, too.

Each is made anew beside the one in use, without locking the table, and then takes its name.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

PUBLISHED = models.Q(("hidden_at__isnull", True), ("is_public", True))
CONDITIONS = ["rating", "play_count", "terrains", "width", "height"]
ORDERS = {
    "idx_maps_hot": "hot_score",
    "idx_maps_new": "created_at",
    "idx_maps_top": "top_score",
    "idx_maps_plays": "play_count",
    "idx_maps_random": "lot",
}


def steps(name: str, column: str) -> list[migrations.operations.base.Operation]:
    """What puts a wider index in the place of one."""
    wider = models.Index(
        fields=[f"-{column}", "-id"],
        include=[other for other in CONDITIONS if other != column],
        condition=PUBLISHED,
        name=f"{name}_wider",
    )
    return [
        AddIndexConcurrently("gamemap", wider),
        RemoveIndexConcurrently("gamemap", name),
        migrations.RenameIndex("gamemap", new_name=name, old_name=wider.name),
    ]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("maps", "0008_words_of_descriptions")]
    operations = [step for name, column in ORDERS.items() for step in steps(name, column)]
