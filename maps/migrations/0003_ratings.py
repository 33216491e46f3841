"""The mean rating of a map, updated by triggers whoever changes ratings: page, API, admin, psql, a cascade.

A trigger fires once for each statement, and adds up the changes of each map. So a COPY of half a million
ratings updates each map once. The sums change relative to the row as it is when it is locked, so that ratings
given at the same moment are all counted.

A session keeps the plan of a function. Without the settings below, one that began with many ratings would read
all maps for each later rating, and one that began with few maps would read all of them for each of many ratings.
"""

from django.db import migrations

INSERTED = "SELECT map_id, stars, 1 AS ratings FROM new_rows"
DELETED = "SELECT map_id, -stars, -1 FROM old_rows"
# event: what it changes, and the tables of rows that its trigger gets
EVENTS = {
    "insert": (INSERTED, "NEW TABLE AS new_rows"),
    "delete": (DELETED, "OLD TABLE AS old_rows"),
    "update": (
        f"{INSERTED} UNION ALL {DELETED}",
        "NEW TABLE AS new_rows OLD TABLE AS old_rows",
    ),
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
        FROM ({changes}) AS one (map_id, stars, ratings) GROUP BY map_id
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
    dependencies = [("maps", "0002_feedback_and_collections")]

    operations = [
        migrations.RunSQL(
            CREATE.format(event=event, changes=changes, tables=tables), DROP.format(event=event)
        )
        for event, (changes, tables) in EVENTS.items()
    ]
