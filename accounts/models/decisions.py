"""Decisions of moderators about players."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.users import User
from config.db.functions import normal_form_check
from config.db.models import RandomIdModel


class UserDecision(RandomIdModel):
    """A moderator's decision about a player, with its reason. Rows are added, never changed."""

    class Action(models.TextChoices):
        """What was decided."""

        SUSPEND_RATING = "suspend_rating", "suspended from rating"
        SUSPEND_PUBLISHING = "suspend_publishing", "suspended from publishing"
        LIFT_RATING = "lift_rating", "allowed to rate again"
        LIFT_PUBLISHING = "lift_publishing", "allowed to publish again"
        BAN = "ban", "banned"
        UNBAN = "unban", "unbanned"

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="decisions", db_comment="The player."
    )
    moderator = models.ForeignKey(
        User,
        null=True,
        on_delete=models.SET_NULL,
        related_name="user_decisions",
        db_comment="The moderator; null after that account was deleted.",
    )
    action = models.CharField(
        max_length=20, choices=Action, db_comment="What the moderator decided."
    )
    reason = models.CharField(max_length=500, db_comment="Shown to the player.")
    until = models.DateTimeField(
        null=True, db_comment="When a suspension ends; null for other decisions."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the moderator decided.")

    class Meta:
        db_table = "user_decisions"
        db_table_comment = "Decisions of moderators about players, with reasons."
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason__regex=r"^\s*$"), name="user_decision_reason"
            ),
            normal_form_check("user_decision_normal_form", "reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.reason}"
