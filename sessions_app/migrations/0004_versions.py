"""The version of a game, counted by the database, and seats that mind those who left.

`version` rises by one with every transaction that changes what the players of a game see, whoever made
it: the site, an administrator, a hand in psql. `changed_in` remembers the transaction, so that one that
touches a game and three seats counts once. `changed_in` is what the triggers of other tables write.
"""

from django.db import migrations

VERSIONS = """
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

CREATE FUNCTION session_players_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE game_sessions SET changed_in = 0 WHERE id = coalesce(NEW.session_id, OLD.session_id);
    RETURN NULL;
END $$;
CREATE TRIGGER session_players_count_change
    AFTER INSERT OR DELETE OR UPDATE OF tribe_id, is_host, is_ready, is_connected, connection, left_at
    ON session_players FOR EACH ROW EXECUTE FUNCTION session_players_count_change();

-- Names and colours of those who sit in a lobby are part of what it shows.
CREATE FUNCTION tribes_change_lobbies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE game_sessions SET changed_in = 0 WHERE status = 'Lobby' AND id IN (
        SELECT session_id FROM session_players WHERE tribe_id = NEW.id AND left_at IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER tribes_change_lobbies AFTER UPDATE ON tribes
    FOR EACH ROW EXECUTE FUNCTION tribes_change_lobbies();
"""
NO_VERSIONS = """
DROP TRIGGER tribes_change_lobbies ON tribes;
DROP FUNCTION tribes_change_lobbies();
DROP TRIGGER session_players_count_change ON session_players;
DROP FUNCTION session_players_count_change();
DROP TRIGGER game_sessions_next_version ON game_sessions;
DROP FUNCTION game_sessions_next_version();
"""
SEATS = """
CREATE OR REPLACE FUNCTION session_players_before_seat() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lobby record;
BEGIN
    SELECT status IN ('Completed', 'Abandoned') AS is_over, seat_limit INTO lobby
        FROM game_sessions WHERE id = NEW.session_id FOR NO KEY UPDATE;
    PERFORM FROM users WHERE id = NEW.user_id FOR NO KEY UPDATE;
    IF NEW.left_at IS NULL AND (SELECT count(*) >= lobby.seat_limit FROM session_players
            WHERE session_id = NEW.session_id AND id <> NEW.id AND left_at IS NULL) THEN
        RAISE EXCEPTION 'game % has all its seats taken', NEW.session_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'four_seats', TABLE = 'session_players';
    END IF;
    IF NOT lobby.is_over AND NEW.left_at IS NULL AND EXISTS (
        SELECT FROM session_players AS other JOIN game_sessions AS game ON game.id = other.session_id
        WHERE other.user_id = NEW.user_id AND other.session_id <> NEW.session_id
            AND other.left_at IS NULL AND game.status NOT IN ('Completed', 'Abandoned')
    ) THEN
        RAISE EXCEPTION 'player % sits in another game', NEW.user_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_open_game_per_player',
                TABLE = 'session_players';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER session_players_before_seat ON session_players;
CREATE TRIGGER session_players_before_seat
    BEFORE INSERT OR UPDATE OF session_id, user_id, left_at ON session_players
    FOR EACH ROW EXECUTE FUNCTION session_players_before_seat();
"""
SEATS_OF_0002 = """
CREATE OR REPLACE FUNCTION session_players_before_seat() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    over boolean;
BEGIN
    SELECT status IN ('Completed', 'Abandoned') INTO over
        FROM game_sessions WHERE id = NEW.session_id FOR NO KEY UPDATE;
    PERFORM FROM users WHERE id = NEW.user_id FOR NO KEY UPDATE;
    IF (SELECT count(*) >= 4 FROM session_players
            WHERE session_id = NEW.session_id AND id <> NEW.id) THEN
        RAISE EXCEPTION 'game % has four seats already', NEW.session_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'four_seats', TABLE = 'session_players';
    END IF;
    IF NOT over AND EXISTS (
        SELECT FROM session_players AS other JOIN game_sessions AS game ON game.id = other.session_id
        WHERE other.user_id = NEW.user_id AND other.session_id <> NEW.session_id
            AND game.status NOT IN ('Completed', 'Abandoned')
    ) THEN
        RAISE EXCEPTION 'player % sits in another game', NEW.user_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_open_game_per_player',
                TABLE = 'session_players';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER session_players_before_seat ON session_players;
CREATE TRIGGER session_players_before_seat
    BEFORE INSERT OR UPDATE OF session_id, user_id ON session_players
    FOR EACH ROW EXECUTE FUNCTION session_players_before_seat();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_live"), ("tribes", "0001_initial")]

    operations = [
        migrations.RunSQL(VERSIONS, NO_VERSIONS),
        migrations.RunSQL(SEATS, SEATS_OF_0002),
    ]
