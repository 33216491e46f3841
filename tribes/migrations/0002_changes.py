"""Word to whoever keeps copies of tribes, however they change: channel `tribes`, when a transaction commits.

A message has the ids of the tribes that changed, or `*` where they are many. Seats, which lie in another
table, and new tribes, of which nobody has a copy, say nothing.
"""

from django.db import migrations

TELL = """
CREATE FUNCTION tribes_tell_which() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('tribes', string_agg(id::text, ',')) FROM (SELECT id FROM changed LIMIT 101) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION tribes_tell_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('tribes', string_agg(id::text, ',')) FROM (
        (SELECT id FROM before LIMIT 101) UNION (SELECT id FROM after LIMIT 101)
    ) AS few;
    RETURN NULL;
END $$;
CREATE TRIGGER tribes_tell_update AFTER UPDATE ON tribes
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION tribes_tell_updated();
CREATE TRIGGER tribes_tell_delete AFTER DELETE ON tribes
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tribes_tell_which();
"""
UNDO = """
DROP TRIGGER tribes_tell_delete ON tribes;
DROP TRIGGER tribes_tell_update ON tribes;
DROP FUNCTION tribes_tell_updated();
DROP FUNCTION tribes_tell_which();
"""


class Migration(migrations.Migration):
    dependencies = [("tribes", "0001_initial"), ("accounts", "0007_changes")]
    operations = [migrations.RunSQL(TELL, UNDO)]
