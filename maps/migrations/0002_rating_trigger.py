"""A map's mean follows its ratings by trigger, whoever changes them: page, API, admin, psql, a cascade.

The triggers fire once a statement and add up what it changed for each map, so that a COPY of half a
million ratings costs one update of each map. The sums change relative to the row as it is when its
lock is got, so that ratings given at the same moment are all counted.

A session keeps the plan that it made for its first statement. Without the settings below, one that began
with many ratings would read all maps for each later one, and one that began with few maps would search
them from end to end for each of many ratings.
"""

from django.db import migrations

# How each kind of statement changes the sums: rows of the tables that its trigger is given.
ADDED = "SELECT map_id, stars, 1 AS ratings FROM new_rows"
TAKEN = "SELECT map_id, -stars, -1 FROM old_rows"
CHANGES = {"insert": ADDED, "delete": TAKEN, "update": f"{ADDED} UNION ALL {TAKEN}"}
TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
    "update": "NEW TABLE AS new_rows OLD TABLE AS old_rows",
}
CREATE = """
CREATE FUNCTION maps_after_rating_{event}() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    UPDATE maps SET
        rating_sum = rating_sum + change.stars,
        rating_count = rating_count + change.ratings,
        rating = coalesce(
            round((rating_sum + change.stars)::numeric / nullif(rating_count + change.ratings, 0), 2), 0
        )
    FROM (
        SELECT map_id, sum(stars) AS stars, sum(ratings) AS ratings
        FROM ({change}) AS one (map_id, stars, ratings) GROUP BY map_id
    ) AS change
    WHERE maps.id = change.map_id AND (change.stars <> 0 OR change.ratings <> 0);
    RETURN NULL;
END $$;
CREATE TRIGGER maps_after_rating_{event} AFTER {event} ON map_ratings
    REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION maps_after_rating_{event}();
"""
DROP = """
DROP TRIGGER maps_after_rating_{event} ON map_ratings;
DROP FUNCTION maps_after_rating_{event}();
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0001_initial")]

    operations = [
        migrations.RunSQL(
            CREATE.format(event=event, change=change, tables=TABLES[event]),
            DROP.format(event=event),
        )
        for event, change in CHANGES.items()
    ]
