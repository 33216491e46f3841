"""The audit log, partitioned by month, which Django can't make itself.

`audit_log_add_month` makes the partition of one month when it is missing. This migration makes those
of this month and the next two; maintenance makes the later ones ahead. Rows of a month without a
partition land in `audit_log_other`, so that no change ever fails for want of one.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

import config.db.functions

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
    -- A key of a partitioned table holds the partition's column.
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_audit_log_table_record ON audit_log (table_name, record_id);
CREATE INDEX idx_audit_log_user ON audit_log (user_id);
CREATE INDEX idx_audit_log_created_at ON audit_log (created_at);
COMMENT ON TABLE audit_log IS 'Who changed what, when. Partitioned by month of created_at.';
COMMENT ON COLUMN audit_log.id IS 'Never reused.';
COMMENT ON COLUMN audit_log.table_name IS 'The table that was changed.';
COMMENT ON COLUMN audit_log.record_id IS 'Primary key of the row that was changed.';
COMMENT ON COLUMN audit_log.action IS 'INSERT, UPDATE or DELETE.';
COMMENT ON COLUMN audit_log.user_id IS
    'Who acted, as the application told the transaction. No foreign key.';
COMMENT ON COLUMN audit_log.changed_data IS 'The row, secrets and personal data masked.';
COMMENT ON COLUMN audit_log.created_at IS 'When; the partition''s key.';

CREATE TABLE audit_log_other PARTITION OF audit_log DEFAULT;

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
                                db_comment="Never reused.",
                                db_default=config.db.functions.RandomUUID(),
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "table_name",
                            models.CharField(
                                db_comment="The table that was changed.", max_length=100
                            ),
                        ),
                        (
                            "record_id",
                            models.UUIDField(db_comment="Primary key of the row that was changed."),
                        ),
                        (
                            "action",
                            models.CharField(
                                choices=[
                                    ("INSERT", "Insert"),
                                    ("UPDATE", "Update"),
                                    ("DELETE", "Delete"),
                                ],
                                db_comment="INSERT, UPDATE or DELETE.",
                                max_length=10,
                            ),
                        ),
                        (
                            "user_id",
                            models.UUIDField(
                                db_comment="Who acted, as the application told the transaction. No foreign key.",
                                null=True,
                            ),
                        ),
                        (
                            "changed_data",
                            models.JSONField(
                                db_comment="The row, secrets and personal data masked.", null=True
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_comment="When; the partition's key.",
                                db_default=django.db.models.functions.datetime.Now(),
                            ),
                        ),
                    ],
                    options={
                        "db_table": "audit_log",
                        "db_table_comment": "Who changed what, when. Partitioned by month of created_at.",
                        "indexes": [
                            models.Index(
                                fields=["table_name", "record_id"],
                                name="idx_audit_log_table_record",
                            ),
                            models.Index(fields=["user_id"], name="idx_audit_log_user"),
                            models.Index(fields=["created_at"], name="idx_audit_log_created_at"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("action__in", ["INSERT", "UPDATE", "DELETE"])),
                                name="action_values",
                            )
                        ],
                    },
                )
            ],
        )
    ]
