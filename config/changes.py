"""Word of what changes in the database, however it is changed: by a page, the admin, psql, a cascade.

Triggers send it on a channel when a transaction commits: ids with commas between them, `*` where they
are too many for a message, or nothing. Whoever keeps copies registers for a channel; one connection of
each process listens (maps.hot). What was said while nobody listened is lost, so that each time the
listening begins, everything may have changed.
"""

from collections.abc import Callable

EVERYTHING = "*"
Heard = Callable[[list[str]], None]
_registered: dict[str, Heard] = {}


def on_change(channel: str, heard: Heard) -> None:
    """Call `heard` with the ids of each message of a channel; it may take its time, in a thread."""
    _registered[channel] = heard


def channels() -> list[str]:
    """What to listen to, beside what the listener itself wants."""
    return list(_registered)


def pass_on(channel: str, payload: str) -> None:
    """Tell whoever registered for a channel. `EVERYTHING` stands for ids that nobody knows."""
    _registered[channel]([part for part in payload.split(",") if part])
