"""The version of a game, counted by triggers.

`version` rises by one with each transaction that changes what players of the game see, whoever makes the change:
the site, an administrator, somebody in psql. `changed_in` is the id of the last such transaction, so that one
that changes a game and three seats counts once. The triggers of other tables set it to 0.

What a lobby shows of its tribes and its map is a part of it. A game that has begun keeps both as they were. A
lobby that counts down is not changed by its map: it gets a new version within seconds anyway, and a start, which
holds the lock of its game, waits for that of the map.
"""

from django.db import migrations

GAMES = """
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
"""
DROP_GAMES = """
DROP TRIGGER game_sessions_next_version ON game_sessions;
DROP FUNCTION game_sessions_next_version();
"""
SEATS = """
CREATE FUNCTION session_players_count_change() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    -- Once in a transaction: each update leaves a dead row, which the next update has to pass.
    UPDATE game_sessions SET changed_in = 0 WHERE id = coalesce(NEW.session_id, OLD.session_id)
        AND changed_in <> pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$;

CREATE TRIGGER session_players_count_change
    AFTER INSERT OR DELETE OR UPDATE OF tribe_id, is_host, is_ready, is_connected, connection, left_at
    ON session_players FOR EACH ROW EXECUTE FUNCTION session_players_count_change();
"""
DROP_SEATS = """
DROP TRIGGER session_players_count_change ON session_players;
DROP FUNCTION session_players_count_change();
"""
TRIBES = """
CREATE FUNCTION tribes_change_lobbies() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    -- From the tribe to its games. With the index of statuses, which || prevents, PostgreSQL would look at
    -- the tribes of all lobbies.
    UPDATE game_sessions SET changed_in = 0
    WHERE status || '' = 'Lobby' AND changed_in <> pg_current_xact_id()::text::bigint
        AND id = ANY (ARRAY(
            SELECT session_id FROM session_players WHERE tribe_id = NEW.id AND left_at IS NULL));
    RETURN NULL;
END $$;

CREATE TRIGGER tribes_change_lobbies AFTER UPDATE ON tribes
    FOR EACH ROW EXECUTE FUNCTION tribes_change_lobbies();
"""
DROP_TRIBES = """
DROP TRIGGER tribes_change_lobbies ON tribes;
DROP FUNCTION tribes_change_lobbies();
"""
# Maps change often, by plays and ratings. WHEN is evaluated before the function is called.
MAPS = """
CREATE FUNCTION maps_change_lobbies() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    -- By the index of maps. With that of statuses, which || prevents, each map would look at all lobbies.
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
DROP_MAPS = """
DROP TRIGGER maps_change_lobbies ON maps;
DROP FUNCTION maps_change_lobbies();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_seat_rules")]

    operations = [
        migrations.RunSQL(GAMES, DROP_GAMES),
        migrations.RunSQL(SEATS, DROP_SEATS),
        migrations.RunSQL(TRIBES, DROP_TRIBES),
        migrations.RunSQL(MAPS, DROP_MAPS),
    ]
