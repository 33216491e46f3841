"""The version of a game, counted by the database.

`version` rises by one with every transaction that changes what the players of a game see, whoever made
it: the site, an administrator, a hand in psql. `changed_in` remembers the transaction, so that one that
touches a game and three seats counts once. `changed_in` is what the triggers of other tables write.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION game_sessions_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this bigint := pg_current_xact_id()::text::bigint;
BEGIN
    NEW.version := OLD.version + (OLD.changed_in <> this)::int;
    NEW.changed_in := this;
    RETURN NEW;
END $$;
CREATE TRIGGER game_sessions_next_version
    BEFORE UPDATE OF version, changed_in, map_id, status, is_public, seat_limit, code, kicked,
        countdown_ends_at, started_at, map_version ON game_sessions
    FOR EACH ROW EXECUTE FUNCTION game_sessions_next_version();

CREATE FUNCTION session_players_count_change() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    -- Once in a transaction: each update leaves a row behind, and the next one has to pass them all.
    UPDATE game_sessions SET changed_in = 0 WHERE id = coalesce(NEW.session_id, OLD.session_id)
        AND changed_in <> pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$;
CREATE TRIGGER session_players_count_change
    AFTER INSERT OR DELETE OR UPDATE OF tribe_id, is_host, is_ready, is_connected, connection, left_at
    ON session_players FOR EACH ROW EXECUTE FUNCTION session_players_count_change();

-- Names and colours of those who sit in a lobby are part of what it shows.
CREATE FUNCTION tribes_change_lobbies() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    -- From the tribe to its games. The index of states, which || keeps out, would lead from each lobby to
    -- its tribes.
    UPDATE game_sessions SET changed_in = 0
    WHERE status || '' = 'Lobby' AND changed_in <> pg_current_xact_id()::text::bigint
        AND id = ANY (ARRAY(
            SELECT session_id FROM session_players WHERE tribe_id = NEW.id AND left_at IS NULL));
    RETURN NULL;
END $$;
CREATE TRIGGER tribes_change_lobbies AFTER UPDATE ON tribes
    FOR EACH ROW EXECUTE FUNCTION tribes_change_lobbies();
"""
DROP = """
DROP TRIGGER tribes_change_lobbies ON tribes;
DROP FUNCTION tribes_change_lobbies();
DROP TRIGGER session_players_count_change ON session_players;
DROP FUNCTION session_players_count_change();
DROP TRIGGER game_sessions_next_version ON game_sessions;
DROP FUNCTION game_sessions_next_version();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_seats"), ("tribes", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
