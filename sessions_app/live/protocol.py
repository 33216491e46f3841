"""What client and server say to each other on a socket: a closed set, parsed here and nowhere else.

Pure. docs/protocol.md tells the same for authors of clients; a test compares the two.

A client sends `{"type", "id", "data"}`, where `id` is its own and comes back as `re` in the answer. The
server sends `{"type", "version", "data", "re"?}`.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from config.kernel.errors import DomainError
from config.kernel.text import TEXT_RULES, check_text

SUBPROTOCOL = "tribehold.v1"
LONGEST_CHAT = TEXT_RULES["chat"].max_length  # characters
LONGEST_ID = 64


class Close(enum.IntEnum):
    """Why the server closes a socket."""

    RESTARTING = 1012
    TOO_BIG = 1009
    BAD_PROTOCOL = 4400
    NOT_LET_IN = 4401
    REMOVED = 4403
    NO_SUCH_SESSION = 4404
    SILENT = 4408
    REPLACED = 4409
    TOO_MUCH = 4429


# What each means, and whether the same client should come back.
CLOSES: dict[Close, tuple[str, bool]] = {
    Close.RESTARTING: ("The server restarts, or can't look right now: come back.", True),
    Close.TOO_BIG: ("A frame was larger than 16 KiB.", False),
    Close.BAD_PROTOCOL: (
        "Not the protocol: no TLS, subprotocol, first message, or twenty bad ones.",
        False,
    ),
    Close.NOT_LET_IN: (
        "The ticket, the session or the origin is not good, or the sign-in has ended.",
        False,
    ),
    Close.REMOVED: ("Kicked by the host, or banned from the site.", False),
    Close.NO_SUCH_SESSION: (
        "There is no such session, it is over, or one doesn't sit there.",
        False,
    ),
    Close.SILENT: (
        "Nothing was heard for 25 seconds, or for 5 before `hello`, or nothing was read.",
        True,
    ),
    Close.REPLACED: ("A newer connection of the same player has the seat.", False),
    Close.TOO_MUCH: ("Too many sockets or messages: come back later.", True),
}

# The last word to whoever is shown out: the code of its `error`, the close that follows, and words.
# What a rule of the lobby refuses has the code and the words of that rule.
LAST_WORDS: dict[str, tuple[Close, str]] = {
    "insecure_transport": (
        Close.BAD_PROTOCOL,
        "Connect by wss: over plain HTTP others can read the ticket. One that was sent is exposed.",
    ),
    "bad_subprotocol": (Close.BAD_PROTOCOL, f"Offer the subprotocol {SUBPROTOCOL}."),
    "bad_ticket": (
        Close.NOT_LET_IN,
        "This ticket is used, too old or for another seat. Ask for a new one.",
    ),
    "not_signed_in": (
        Close.NOT_LET_IN,
        "Send a ticket with hello; without one only a page of the site comes in, signed in.",
    ),
    "foreign_origin": (
        Close.NOT_LET_IN,
        "Of browsers, pages of the site alone may look at the list.",
    ),
    "signed_out": (Close.NOT_LET_IN, "The sign-in has ended."),
    "suspended": (Close.REMOVED, "This account is suspended or erased."),
    "not_found": (Close.NO_SUCH_SESSION, "There is no lobby, no game and no list here."),
    "silent": (Close.SILENT, "Nothing was heard for too long."),
    "replaced": (Close.REPLACED, "A newer connection of the same player has the seat."),
    "too_many_sockets": (
        Close.TOO_MUCH,
        "Too many sockets are open, or were opened within a minute, from this address or in all.",
    ),
    "unavailable": (Close.RESTARTING, "This is not possible right now. Come back in a moment."),
}


class Unreadable(Exception):
    """A frame that is not of the protocol. `re` is its id, where it has a usable one."""

    def __init__(self, code: str, detail: str, re: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.re = code, detail, re


@dataclass(frozen=True)
class Message:
    """What a client says: a type of FROM_CLIENT, its id, and its data, checked."""

    type: str
    id: str | None
    data: Mapping[str, Any]


# ---- Fields -------------------------------------------------------------------------------------


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("must be true or false")
    return value


def _uuid(value: Any) -> UUID:
    if type(value) is not str or len(value) != 36:
        raise ValueError("must be a UUID with hyphens")
    return UUID(value)


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return check


def _text(kind: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        try:
            return check_text(value, kind, kind)
        except DomainError as refusal:
            raise ValueError(f"is refused: {refusal.detail}") from refusal

    check.kind = kind  # type: ignore[attr-defined] # for the test that looks for texts without a rule
    return check


@dataclass(frozen=True)
class Field:
    """A field of a message's data: how to check it, and whether it must be there."""

    check: Callable[[Any], Any]
    required: bool = True


FROM_CLIENT: dict[str, dict[str, Field]] = {
    "hello": {
        "ticket": Field(_text("ticket"), required=False),
        "version": Field(_whole(0, 2**53), required=False),
    },
    "ready": {"is_ready": Field(_truth)},
    "tribe": {"tribe_id": Field(_uuid)},
    "leave": {},
    "start": {"solo": Field(_truth, required=False)},
    "kick": {"player_id": Field(_uuid)},
    "settings": {
        "is_public": Field(_truth, required=False),
        "seats": Field(_whole(2, 4), required=False),
    },
    "chat": {"text": Field(_text("chat"))},
    "ping": {},
}
FROM_SERVER = (
    "welcome",
    "lobby",
    "chat",
    "kicked",
    "closed",
    "started",
    "pong",
    "lobbies",
    "error",
)

# ---- Reading and writing ------------------------------------------------------------------------


def read(text: str | None) -> Message:
    """A client's frame, None for a binary one.

    Raises Unreadable with words that tell an author of clients what to mend.
    """
    if text is None:
        raise Unreadable("binary", "Frames are text.")
    try:
        frame = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Unreadable("not_json", "The message is not JSON.") from error
    if type(frame) is not dict:
        raise Unreadable("not_an_object", "A message is an object with type, id and data.")
    re = frame.get("id")
    if re is not None and not (type(re) is str and 0 < len(re) <= LONGEST_ID):
        words = f"The id of a message is text of 1 to {LONGEST_ID} characters."
        raise Unreadable("invalid_id", words)
    if unknown := frame.keys() - {"type", "id", "data"}:
        raise Unreadable("unknown_field", f"Unknown in a message: {_names(unknown)}.", re)
    kind = frame.get("type")
    if type(kind) is not str or kind not in FROM_CLIENT:
        words = f"The type of a message is one of {', '.join(FROM_CLIENT)}."
        raise Unreadable("unknown_type", words, re)
    data = frame.get("data", {})
    if type(data) is not dict:
        raise Unreadable("invalid_data", "The data of a message is an object.", re)
    return Message(kind, re, _checked(kind, data, re))


def write(
    kind: str, version: int, data: "Mapping[str, Any] | orjson.Fragment", re: str | None = None
) -> str:
    """A server's frame."""
    frame: dict[str, Any] = {"type": kind, "version": version, "data": data}
    if re is not None:
        frame["re"] = re
    return orjson.dumps(frame, default=str).decode()


def error(
    version: int, code: str, detail: str, re: str | None = None, *, closes: Close | None = None
) -> str:
    """An `error`; its data repeats `re`, for clients that hand only the data on.

    The last one before a close tells its code as `closes`.
    """
    data: dict[str, Any] = {"code": code, "detail": detail, "re": re}
    if closes is not None:
        data["closes"] = int(closes)
    return write("error", version, data, re)


def last_word(version: int, code: str, re: str | None = None) -> tuple[str, Close]:
    """The `error` that comes before a close, and that close: one of LAST_WORDS."""
    close, words = LAST_WORDS[code]
    return error(version, code, words, re, closes=close), close


def pong(version: int, time: float, message: Message | None = None) -> str:
    """The answer to a `ping`; without one it asks for a sign of life.

    An answer always bears a `re`: a client that answers whatever has none must not answer answers.
    """
    re = None if message is None else message.id or message.type
    return write("pong", version, {"time": time, "asks": message is None}, re)


def _checked(kind: str, data: dict[str, Any], re: str | None) -> dict[str, Any]:
    fields = FROM_CLIENT[kind]
    if unknown := data.keys() - fields.keys():
        raise Unreadable("unknown_field", f"Unknown in {kind}: {_names(unknown)}.", re)
    found = {}
    for name, field in fields.items():
        if data.get(name) is None:
            if field.required:
                raise Unreadable("missing_field", f"{kind} needs {name}.", re)
            continue
        try:
            found[name] = field.check(data[name])
        except ValueError as fault:
            words = f"{name} of {kind} {str(fault).rstrip('.')}."
            raise Unreadable("invalid_field", words, re) from fault
    return found


def _names(unknown: set[str]) -> str:
    """A few names from outside, cut so that an answer stays small."""
    return ", ".join(sorted(name[:20] for name in unknown)[:3])
