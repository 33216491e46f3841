"""The table of moderators' decisions about maps."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from config.db.functions import normal_form_check
from config.db.models import RandomIdModel
from maps.models.maps import GameMap


class MapDecision(RandomIdModel):
    """A moderator's decision about a map, with the reason. Rows are added, never changed."""

    class Action(models.TextChoices):
        """What was decided."""

        HIDE = "hide", "hidden"
        RESTORE = "restore", "restored"

    map = models.ForeignKey(
        GameMap, on_delete=models.CASCADE, related_name="decisions", db_comment="The map."
    )
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="map_decisions",
        db_comment="The moderator; null after that account was deleted.",
    )
    action = models.CharField(max_length=10, choices=Action, db_comment="hide or restore.")
    reason = models.CharField(max_length=500, db_comment="Shown to the author.")
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the moderator decided.")

    class Meta:
        db_table = "map_decisions"
        db_table_comment = "Decisions of moderators about maps, with reasons."
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["hide", "restore"]), name="map_decision_actions"
            ),
            models.CheckConstraint(
                condition=~models.Q(reason__regex=r"^\s*$"), name="map_decision_reason"
            ),
            normal_form_check("map_decision_normal_form", "reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.reason}"
