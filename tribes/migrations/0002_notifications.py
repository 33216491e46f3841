"""Notifications of changed and deleted tribes, for those who cache them: channel `tribes`, at the commit.

A notification has the ids of the tribes, or `*` for more than a hundred. A new tribe is in no cache yet.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION tribes_notify_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('tribes', string_agg(id::text, ',')) FROM (
        (SELECT id FROM before LIMIT 101) UNION (SELECT id FROM after LIMIT 101)
    ) AS few;
    RETURN NULL;
END $$;

CREATE FUNCTION tribes_notify_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('tribes', string_agg(id::text, ',')) FROM (SELECT id FROM before LIMIT 101) AS few;
    RETURN NULL;
END $$;

CREATE TRIGGER tribes_notify_update AFTER UPDATE ON tribes
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION tribes_notify_updated();
CREATE TRIGGER tribes_notify_delete AFTER DELETE ON tribes
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION tribes_notify_deleted();
"""
DROP = """
DROP TRIGGER tribes_notify_delete ON tribes;
DROP TRIGGER tribes_notify_update ON tribes;
DROP FUNCTION tribes_notify_deleted();
DROP FUNCTION tribes_notify_updated();
"""


class Migration(migrations.Migration):
    dependencies = [("tribes", "0001_initial"), ("accounts", "0003_triggers")]

    operations = [migrations.RunSQL(CREATE, DROP)]
