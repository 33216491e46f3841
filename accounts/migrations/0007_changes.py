"""Word of accounts whose sign-ins may have ended, however that was done: channel `accounts`, at the commit.

A message has the ids of the players whose password changed, whose account was closed, or who are gone, or
`*` where they are many. Names, last sign-ins and the like end nothing, and say nothing. Maps and tribes tell
theirs by the same function.

Triggers that compare the old rows of a statement with the new ones sort or hash both together and never
join them: the plan of a function is made once in a session, whatever the size of the next statement, and a
nested loop over a million rows would never end. An id that was changed counts as two, the old and the new.
"""

from django.db import migrations

TELL = """
CREATE FUNCTION tell_ids(channel text, ids text) RETURNS void LANGUAGE sql AS $$
    -- A message has 8,000 bytes at the most.
    SELECT pg_notify(channel, CASE WHEN length(ids) > 3700 THEN '*' ELSE ids END) WHERE ids IS NOT NULL;
$$;
CREATE FUNCTION users_tell_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('accounts', string_agg(id::text, ',')) FROM (
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
CREATE FUNCTION users_tell_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('accounts', string_agg(id::text, ',')) FROM (SELECT id FROM before LIMIT 101) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION users_tell_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('accounts', '*');
    RETURN NULL;
END $$;
CREATE TRIGGER users_tell_update AFTER UPDATE ON users
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION users_tell_updated();
CREATE TRIGGER users_tell_delete AFTER DELETE ON users
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION users_tell_deleted();
CREATE TRIGGER users_tell_truncate AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION users_tell_all();
"""
UNDO = """
DROP TRIGGER users_tell_truncate ON users;
DROP TRIGGER users_tell_delete ON users;
DROP TRIGGER users_tell_update ON users;
DROP FUNCTION users_tell_all();
DROP FUNCTION users_tell_deleted();
DROP FUNCTION users_tell_updated();
DROP FUNCTION tell_ids(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_closings")]
    operations = [migrations.RunSQL(TELL, UNDO)]
