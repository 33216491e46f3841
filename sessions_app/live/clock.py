"""Heartbeats of processes, and the clock of grace periods, which stands still while nobody can reconnect.

The one row of `lobby_clock` has the times at which a process could last write, and at which players could
last reconnect: PostgreSQL could be written, and Redis responded, which tickets need. Processes that are all
down write neither. Seats expire by this clock and not by the time of day (`statements.AVAILABLE_AT`). At
the first heartbeat after an outage, each seat gets the time that it had left when the outage began. In the
same way, processes are not considered dead because the database could not be written.
"""

from datetime import timedelta
from uuid import UUID

from sessions_app.kernel.statuses import OPEN_STATUSES, to_sql
from sessions_app.lobby.transactions import Statement, Steps

# Without a heartbeat. Processes send one every two seconds.
OUTAGE = timedelta(seconds=5)

CREATE_CLOCK = "INSERT INTO lobby_clock (id) VALUES (1) ON CONFLICT DO NOTHING"
LOCK_CLOCK = """
SELECT statement_timestamp(), written_at, available_at FROM lobby_clock WHERE id = 1 FOR UPDATE"""
WRITE_CLOCK = """
UPDATE lobby_clock SET written_at = greatest(written_at, %s),
    available_at = CASE WHEN %s THEN greatest(available_at, %s) ELSE available_at END
WHERE id = 1 RETURNING id"""
HEARTBEAT = """
INSERT INTO lobby_servers (id) VALUES (%s)
ON CONFLICT (id) DO UPDATE SET seen_at = statement_timestamp()"""
# Parameters: the time, and the beginning of the outage.
EXTEND_SERVERS = """
UPDATE lobby_servers SET seen_at = %s::timestamptz - greatest(interval '0', %s::timestamptz - seen_at)"""
EXTEND_GRACE_PERIODS = f"""
UPDATE session_players AS s
SET lost_at = %s::timestamptz - greatest(interval '0', %s::timestamptz - s.lost_at)
FROM game_sessions AS g
WHERE g.id = s.session_id AND g.status IN {to_sql(OPEN_STATUSES)}
    AND s.left_at IS NULL AND s.lost_at IS NOT NULL"""  # noqa: S608 - constants only


def write_heartbeat(server: UUID, *, is_available: bool) -> Steps[None]:
    """Writes the heartbeat of a process, and moves the clock.

    `is_available` says whether players can reconnect to this process now.
    """
    [[now, written_at, available_at]] = yield [(CREATE_CLOCK, []), (LOCK_CLOCK, [])]
    statements: list[Statement] = []
    if now - written_at > OUTAGE:
        statements.append((EXTEND_SERVERS, [now, written_at]))
    if is_available and now - available_at > OUTAGE:
        statements.append((EXTEND_GRACE_PERIODS, [now, available_at]))
    yield [*statements, (HEARTBEAT, [server]), (WRITE_CLOCK, [now, is_available, now])]
