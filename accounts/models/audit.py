"""The audit log."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now


class AuditLog(models.Model):
    """One change of one row. The table is partitioned by month; nothing writes it yet."""

    class Action(models.TextChoices):
        """What was done to the row."""

        INSERT = "INSERT"
        UPDATE = "UPDATE"
        DELETE = "DELETE"

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), db_comment="Random UUID, never reused."
    )
    table_name = models.CharField(max_length=100, db_comment="The changed table.")
    record_id = models.UUIDField(db_comment="The id of the changed row.")
    action = models.CharField(max_length=10, choices=Action, db_comment="INSERT, UPDATE or DELETE.")
    user_id = models.UUIDField(
        null=True, db_comment="Who made the change. No foreign key: the row outlives the account."
    )
    changed_data = models.JSONField(
        null=True, db_comment="The row, with secrets and personal data masked."
    )
    created_at = models.DateTimeField(
        db_default=Now(), db_comment="When it happened. Selects the partition."
    )

    class Meta:
        db_table = "audit_log"
        db_table_comment = "Who changed what, and when. Partitioned by month of created_at."
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["INSERT", "UPDATE", "DELETE"]), name="action_values"
            )
        ]
        indexes = [
            models.Index(fields=["table_name", "record_id"], name="idx_audit_log_table_record"),
            models.Index(fields=["user_id"], name="idx_audit_log_user"),
            models.Index(fields=["created_at"], name="idx_audit_log_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.table_name} {self.record_id}"
