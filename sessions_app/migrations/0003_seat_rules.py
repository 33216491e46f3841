"""Rules about seats that no constraint can express.

A game has at most as many seats as its limit. A player has a seat in at most one game that is not over. Seats of
players who left do not count. Both rules count rows that other transactions may add at the same moment. So each
seat first locks its game, and then its player, always in this order. A game that is over stays over; otherwise
its players might have seats in two open games. A violation is reported by name, like that of a check constraint.

A session keeps the plan of a function. One that was made while a table was small must not read the whole table
for each of a million rows later. So functions that look up rows by an index are limited to that.
"""

from django.db import migrations

SEATS = """
CREATE FUNCTION session_players_check_seat() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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

CREATE TRIGGER session_players_check_seat
    BEFORE INSERT OR UPDATE OF session_id, user_id, left_at ON session_players
    FOR EACH ROW EXECUTE FUNCTION session_players_check_seat();
"""
DROP_SEATS = """
DROP TRIGGER session_players_check_seat ON session_players;
DROP FUNCTION session_players_check_seat();
"""
STAY_OVER = """
CREATE FUNCTION game_sessions_stay_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'game % is over', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'over_is_over', TABLE = 'game_sessions';
END $$;

CREATE TRIGGER game_sessions_stay_over
    BEFORE UPDATE OF status ON game_sessions FOR EACH ROW
    WHEN (OLD.status IN ('Completed', 'Abandoned') AND NEW.status NOT IN ('Completed', 'Abandoned'))
    EXECUTE FUNCTION game_sessions_stay_over();
"""
DROP_STAY_OVER = """
DROP TRIGGER game_sessions_stay_over ON game_sessions;
DROP FUNCTION game_sessions_stay_over();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_played_maps")]

    operations = [
        migrations.RunSQL(SEATS, DROP_SEATS),
        migrations.RunSQL(STAY_OVER, DROP_STAY_OVER),
    ]
