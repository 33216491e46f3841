"""Times in JSON: RFC 3339, UTC, microseconds. The same from Python, DRF and SQL."""

import datetime

FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"  # of an aware time in UTC


def to_json(moment: datetime.datetime) -> str:
    """Returns a time for JSON."""
    return moment.astimezone(datetime.UTC).strftime(FORMAT)


def to_json_sql(column: str) -> str:
    """Returns an SQL expression for a column's time in JSON."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
