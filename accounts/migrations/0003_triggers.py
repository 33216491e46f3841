"""How often an account was closed, counted by a trigger; and the function that sends notifications of changes.

Tokens and page sessions contain `times_closed`. So a ban ends them for good, even when it is lifted, when Redis
was away, or when it was made in psql. A value that an update itself gives for the column is ignored.

Maps and tribes use `notify_ids`. Ids are `*` where there are more than a hundred.
"""

from django.db import migrations

TIMES_CLOSED = """
CREATE FUNCTION users_count_closings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.times_closed := OLD.times_closed + (OLD.is_active AND NOT NEW.is_active)::int;
    RETURN NEW;
END $$;

CREATE TRIGGER users_count_closings BEFORE UPDATE OF is_active, times_closed ON users
    FOR EACH ROW EXECUTE FUNCTION users_count_closings();
"""
DROP_TIMES_CLOSED = """
DROP TRIGGER users_count_closings ON users;
DROP FUNCTION users_count_closings();
"""
NOTIFICATIONS = """
CREATE FUNCTION notify_ids(channel text, ids text) RETURNS void LANGUAGE sql AS $$
    -- PostgreSQL limits a notification to 8,000 bytes.
    SELECT pg_notify(channel, CASE WHEN length(ids) > 3700 THEN '*' ELSE ids END) WHERE ids IS NOT NULL;
$$;
"""
DROP_NOTIFICATIONS = """
DROP FUNCTION notify_ids(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_log")]

    operations = [
        migrations.RunSQL(TIMES_CLOSED, DROP_TIMES_CLOSED),
        migrations.RunSQL(NOTIFICATIONS, DROP_NOTIFICATIONS),
    ]
