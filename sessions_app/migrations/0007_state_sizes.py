"""How large the state of a game may be, and which states are no longer needed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0006_document_bytes")]
    operations = [
        migrations.AddIndex(
            model_name="gamesession",
            index=models.Index(
                condition=models.Q(
                    ("game_state__isnull", False), ("status__in", ["Completed", "Abandoned"])
                ),
                fields=["completed_at"],
                name="idx_game_sessions_old_states",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamesession",
            constraint=models.CheckConstraint(
                condition=models.Q(("game_state__stored_size__lte", 2097152)),
                name="game_state_size",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamesession",
            constraint=models.CheckConstraint(
                condition=models.Q(("kicked__len__lte", 1000)), name="kicked_size"
            ),
        ),
    ]
