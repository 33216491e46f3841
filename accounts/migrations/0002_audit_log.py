"""The audit log, partitioned by month.

This migration makes the partitions of this month and the next two; maintenance makes later ones in time. Rows
of a month without a partition go to `audit_log_other`, so that no change fails because a partition is missing.
"""

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.models.functions import Now

# Django makes no partitioned tables, so that this one is made in SQL.
CREATE = """
CREATE TABLE audit_log (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    table_name varchar(100) NOT NULL,
    record_id uuid NOT NULL,
    action varchar(10) NOT NULL
        CONSTRAINT action_values CHECK (action IN ('INSERT', 'UPDATE', 'DELETE')),
    user_id uuid,
    changed_data jsonb,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    -- The key of a partitioned table must contain the column that selects the partition.
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_audit_log_table_record ON audit_log (table_name, record_id);
CREATE INDEX idx_audit_log_user ON audit_log (user_id);
CREATE INDEX idx_audit_log_created_at ON audit_log (created_at);

COMMENT ON TABLE audit_log IS 'Who changed what, and when. Partitioned by month of created_at.';
COMMENT ON COLUMN audit_log.id IS 'Random UUID, never reused.';
COMMENT ON COLUMN audit_log.table_name IS 'The changed table.';
COMMENT ON COLUMN audit_log.record_id IS 'The id of the changed row.';
COMMENT ON COLUMN audit_log.action IS 'INSERT, UPDATE or DELETE.';
COMMENT ON COLUMN audit_log.user_id IS 'Who made the change. No foreign key: the row outlives the account.';
COMMENT ON COLUMN audit_log.changed_data IS 'The row, with secrets and personal data masked.';
COMMENT ON COLUMN audit_log.created_at IS 'When it happened. Selects the partition.';

CREATE TABLE audit_log_other PARTITION OF audit_log DEFAULT;

-- Makes the partition of a month, unless it exists.
CREATE FUNCTION audit_log_add_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', month);
    name text := 'audit_log_' || to_char(first, 'YYYY_MM');
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)',
        name, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC'
    );
END $$;

SELECT audit_log_add_month((current_date + n * interval '1 month')::date) FROM generate_series(0, 2) n;
"""
DROP = """
DROP FUNCTION audit_log_add_month(date);
DROP TABLE audit_log;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, DROP)],
            state_operations=[
                migrations.CreateModel(
                    name="AuditLog",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                primary_key=True,
                                serialize=False,
                                db_default=RandomUUID(),
                                db_comment="Random UUID, never reused.",
                            ),
                        ),
                        (
                            "table_name",
                            models.CharField(max_length=100, db_comment="The changed table."),
                        ),
                        ("record_id", models.UUIDField(db_comment="The id of the changed row.")),
                        (
                            "action",
                            models.CharField(
                                max_length=10,
                                choices=[
                                    ("INSERT", "Insert"),
                                    ("UPDATE", "Update"),
                                    ("DELETE", "Delete"),
                                ],
                                db_comment="INSERT, UPDATE or DELETE.",
                            ),
                        ),
                        (
                            "user_id",
                            models.UUIDField(
                                null=True,
                                db_comment="Who made the change. No foreign key: the row outlives the account.",
                            ),
                        ),
                        (
                            "changed_data",
                            models.JSONField(
                                null=True,
                                db_comment="The row, with secrets and personal data masked.",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=Now(),
                                db_comment="When it happened. Selects the partition.",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "audit_log",
                        "db_table_comment": "Who changed what, and when. Partitioned by month of created_at.",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(action__in=["INSERT", "UPDATE", "DELETE"]),
                                name="action_values",
                            )
                        ],
                        "indexes": [
                            models.Index(
                                fields=["table_name", "record_id"],
                                name="idx_audit_log_table_record",
                            ),
                            models.Index(fields=["user_id"], name="idx_audit_log_user"),
                            models.Index(fields=["created_at"], name="idx_audit_log_created_at"),
                        ],
                    },
                ),
            ],
        )
    ]
