"""Triggers of players: how often an account was closed, and notifications of changes that end sign-ins.

Tokens and page sessions contain `times_closed`. So a ban ends them for good, even when it is lifted, when Redis
was away, or when it was made in psql. A value that an update itself gives for the column is ignored.

A notification on channel `accounts` is sent at the commit. It has the ids of players whose password changed,
whose account was closed or who were deleted, or `*` for more than a hundred. A change of an id counts as two
changes: of the old and the new one. Maps and tribes use `notify_ids`, too.

A session keeps the plan of a function, whatever the size of the next statement. A nested loop over a million
rows would take hours. So old and new rows of a statement are grouped together, and never joined.
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

CREATE FUNCTION users_notify_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('accounts', string_agg(id::text, ',')) FROM (
        SELECT DISTINCT id FROM (
            SELECT id FROM (
                SELECT id, password_hash, is_active, times_closed FROM before
                UNION ALL SELECT id, password_hash, is_active, times_closed FROM after
            ) AS both_sides
            GROUP BY id, password_hash, is_active, times_closed HAVING count(*) = 1
        ) AS changed LIMIT 101
    ) AS few;
    RETURN NULL;
END $$;

CREATE FUNCTION users_notify_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('accounts', string_agg(id::text, ',')) FROM (SELECT id FROM before LIMIT 101) AS few;
    RETURN NULL;
END $$;

CREATE FUNCTION users_notify_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('accounts', '*');
    RETURN NULL;
END $$;

CREATE TRIGGER users_notify_update AFTER UPDATE ON users
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION users_notify_updated();
CREATE TRIGGER users_notify_delete AFTER DELETE ON users
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION users_notify_deleted();
CREATE TRIGGER users_notify_truncate AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION users_notify_all();
"""
DROP_NOTIFICATIONS = """
DROP TRIGGER users_notify_truncate ON users;
DROP TRIGGER users_notify_delete ON users;
DROP TRIGGER users_notify_update ON users;
DROP FUNCTION users_notify_all();
DROP FUNCTION users_notify_deleted();
DROP FUNCTION users_notify_updated();
DROP FUNCTION notify_ids(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_log")]

    operations = [
        migrations.RunSQL(TIMES_CLOSED, DROP_TIMES_CLOSED),
        migrations.RunSQL(NOTIFICATIONS, DROP_NOTIFICATIONS),
    ]
