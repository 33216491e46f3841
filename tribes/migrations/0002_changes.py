"""Word to whoever keeps copies of tribes, however they change: channel `tribes`, when a transaction commits.

A message has the ids of the tribes that changed, or `*` where they are many. Seats, which lie in another
table, and new tribes, of which nobody has a copy, say nothing.
"""

from django.db import migrations

TELL = """
CREATE FUNCTION tribes_tell_which() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids text;
BEGIN
    -- A message has 8,000 bytes at the most.
    SELECT string_agg(id::text, ',') INTO ids FROM (SELECT id FROM changed LIMIT 101) AS few;
    IF ids IS NOT NULL THEN
        PERFORM pg_notify('tribes', CASE WHEN length(ids) > 3700 THEN '*' ELSE ids END);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tribes_tell_update AFTER UPDATE ON tribes
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tribes_tell_which();
CREATE TRIGGER tribes_tell_delete AFTER DELETE ON tribes
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tribes_tell_which();
"""
UNDO = """
DROP TRIGGER tribes_tell_delete ON tribes;
DROP TRIGGER tribes_tell_update ON tribes;
DROP FUNCTION tribes_tell_which();
"""


class Migration(migrations.Migration):
    dependencies = [("tribes", "0001_initial")]
    operations = [migrations.RunSQL(TELL, UNDO)]
