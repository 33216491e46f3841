"""What a lobby shows of its map counts as a change of the lobby: name, size, version, and who may play it."""

from django.db import migrations

# Lobbies alone: what a game began with is fixed. None that counts down: it gets a new version within
# seconds, whether it starts or not; and a start, which holds the lock of its game, waits for the map's.
# Maps are written often, for stars and scores: WHEN is looked at before anything is called.
CREATE = """
CREATE FUNCTION maps_change_lobbies() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    -- By the index of maps: by that of states, which || keeps out, each map would look at all lobbies.
    UPDATE game_sessions SET changed_in = 0
    WHERE map_id = NEW.id AND status || '' = 'Lobby' AND countdown_ends_at IS NULL
        AND changed_in <> pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_change_lobbies AFTER UPDATE ON maps FOR EACH ROW
    WHEN ((OLD.name, OLD.width, OLD.height, OLD.version, OLD.is_public, OLD.hidden_at IS NULL,
            OLD.found_valid_at IS NULL)
        IS DISTINCT FROM (NEW.name, NEW.width, NEW.height, NEW.version, NEW.is_public,
            NEW.hidden_at IS NULL, NEW.found_valid_at IS NULL))
    EXECUTE FUNCTION maps_change_lobbies();
"""
DROP = """
DROP TRIGGER maps_change_lobbies ON maps;
DROP FUNCTION maps_change_lobbies();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_versions"), ("maps", "0004_changes")]

    operations = [migrations.RunSQL(CREATE, DROP)]
