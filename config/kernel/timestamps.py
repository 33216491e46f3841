"""How JSON tells times: RFC 3339, UTC, to the microsecond; the same from Python, from DRF and from SQL."""

import datetime

FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"  # of an aware time in UTC, as PostgreSQL's are for us


def to_json(moment: datetime.datetime) -> str:
    """A time as JSON tells it."""
    return moment.astimezone(datetime.UTC).strftime(FORMAT)


def to_json_sql(column: str) -> str:
    """The same of a column, as an SQL expression."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
