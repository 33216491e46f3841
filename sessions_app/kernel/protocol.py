"""The messages between client and server on a socket: a closed set, parsed only here. Pure.

docs/protocol.md describes them for authors of clients; a test compares the two.

A client sends `{"type", "id", "data"}`. The client chooses `id`, and the response has it as `re`. The
server sends `{"type", "version", "data", "re"?}`.
"""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from re import compile as compile_pattern
from typing import Any, Literal

import orjson

from config.kernel import close_codes
from config.kernel.errors import DomainError
from config.kernel.names import find_nearest
from config.kernel.text import check_text
from config.kernel.timestamps import to_json
from config.kernel.validators import check_boolean, check_id, check_integer
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.kernel.socket_address import SUBPROTOCOL

MAX_ID_LENGTH = 64
ENVELOPE = ("type", "id", "data")  # the fields of a message of a client
MAX_VERSION = 2**53  # the largest integer that JavaScript has exactly
# Spaces and separators of Unicode (Z*), and control characters (Cc).
SPACES = compile_pattern(r"[\s\0-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


class Close(enum.IntEnum):
    """Close codes of the server. The reason in a close frame is the name in lower case."""

    INVALID_FRAME = 1002
    INVALID_TEXT = 1007
    TOO_BIG = 1009
    RESTARTING = 1012
    BAD_PROTOCOL = 4400
    NOT_LET_IN = 4401
    REMOVED = 4403
    NO_SUCH_SESSION = 4404
    SILENT = 4408
    REPLACED = 4409
    TOO_MUCH = close_codes.TOO_MUCH


# The meaning of each close code, and whether the same client should reconnect.
CLOSES: dict[Close, tuple[str, bool]] = {
    Close.INVALID_FRAME: ("A frame was not one of the WebSocket protocol.", False),
    Close.INVALID_TEXT: ("A text frame was not valid UTF-8.", False),
    Close.TOO_BIG: ("A frame was larger than 16 KiB.", False),
    Close.RESTARTING: ("The server restarts, or is unavailable for the moment.", True),
    Close.BAD_PROTOCOL: (
        "No TLS, no or another subprotocol, a wrong first message, or twenty bad frames in a row.",
        False,
    ),
    Close.NOT_LET_IN: (
        "The ticket, resume token, browser session or origin is not valid, or the sign-in has ended.",
        False,
    ),
    Close.REMOVED: ("The player was kicked by the host, or banned from the site.", False),
    Close.NO_SUCH_SESSION: (
        "Nothing is at this address, the game is over, or the player has no seat in it.",
        False,
    ),
    Close.SILENT: (
        "The server received nothing for 25 seconds, or for 5 before `hello`, or the client did not read.",
        True,
    ),
    Close.REPLACED: ("A newer connection of the same player has the seat.", False),
    Close.TOO_MUCH: ("Too many sockets or messages.", True),
}

# Errors that close a connection: the close code that follows the `error` message, and its text. An error of
# a lobby rule that closes a connection has the code and text of the rule.
FINAL_ERRORS: dict[str, tuple[Close, str]] = {
    "insecure_transport": (
        Close.BAD_PROTOCOL,
        "Connect by wss: over plain HTTP others can read the ticket. A ticket that was sent is exposed.",
    ),
    "bad_subprotocol": (Close.BAD_PROTOCOL, f"Offer the subprotocol {SUBPROTOCOL}."),
    "bad_ticket": (
        Close.NOT_LET_IN,
        "This ticket was used before, has expired, or is for another seat. Request a new one.",
    ),
    "bad_resume": (
        Close.NOT_LET_IN,
        "This resume token was used before, or has ended. Request a ticket, or sign in.",
    ),
    "not_signed_in": (
        Close.NOT_LET_IN,
        "Send a ticket or a resume token. Only signed-in pages of this site may connect without.",
    ),
    "foreign_origin": (
        Close.NOT_LET_IN,
        "Pages of other sites may not read the list.",
    ),
    "signed_out": (Close.NOT_LET_IN, "The sign-in has ended."),
    "suspended": (Close.REMOVED, "This account is banned or deleted."),
    "not_found": (Close.NO_SUCH_SESSION, "There is no lobby, game or list at this address."),
    "silent": (Close.SILENT, "The server received nothing for too long."),
    "replaced": (Close.REPLACED, "A newer connection of the same player has the seat."),
    "too_many_sockets": (
        Close.TOO_MUCH,
        "Too many sockets are open, or were opened within a minute, from this address or in total.",
    ),
    "unavailable": (Close.RESTARTING, "This is not possible right now. Reconnect in a moment."),
}


class InvalidMessage(Exception):
    """A frame that is not a message of the protocol. `re` is its id, if it has a valid one."""

    def __init__(self, code: str, detail: str, re: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.re = code, detail, re


@dataclass(frozen=True)
class Message:
    """A message of a client: a type of CLIENT_MESSAGES, its id, and its checked data."""

    type: str
    id: str | None
    data: Mapping[str, Any]


# ---- Fields -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """A field of a message's data. `check` takes the value and the field's name."""

    check: Callable[[Any, str], Any]
    required: bool = True


def _text(kind: str, *, required: bool = True, is_joined: bool = False) -> Field:
    def check(value: Any, field: str) -> str:
        if is_joined and type(value) is str:
            value = join_lines(value)
        return check_text(value, kind, field)

    check.kind = kind  # type: ignore[attr-defined] # for a test
    return Field(check, required)


def join_lines(text: str) -> str:
    """Returns a text with one space for each run of spaces, separators and control characters.

    A message with lines could look like several messages, and hide those of others.
    """
    return SPACES.sub(" ", text)


def _integer(minimum: int, maximum: int, *, required: bool = True) -> Field:
    return Field(partial(check_integer, minimum=minimum, maximum=maximum), required)


CLIENT_MESSAGES: dict[str, dict[str, Field]] = {
    "hello": {
        "ticket": _text("ticket", required=False),
        "resume": _text("ticket", required=False),
        "version": _integer(0, MAX_VERSION, required=False),
    },
    "ready": {"is_ready": Field(check_boolean)},
    "tribe": {"tribe_id": Field(check_id)},
    "leave": {},
    "start": {"solo": Field(check_boolean, required=False)},
    "kick": {"player_id": Field(check_id)},
    "settings": {
        "is_public": Field(check_boolean, required=False),
        "seats": _integer(MIN_SEATS, MAX_SEATS, required=False),
    },
    "chat": {"text": _text("chat", is_joined=True)},
    "ping": {},
}
ServerMessage = Literal[
    "welcome", "lobby", "chat", "kicked", "closed", "started", "pong", "lobbies", "error"
]

# ---- Reading and writing ------------------------------------------------------------------------


def parse(text: str | None) -> Message:
    """Returns the message in a frame; `text` is None for a binary frame.

    Raises InvalidMessage with a text for authors of clients.
    """
    if text is None:
        raise InvalidMessage("binary", "Send text frames.")
    try:
        frame = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidMessage("not_json", "The message is not JSON.") from error
    if type(frame) is not dict:
        raise InvalidMessage("not_an_object", "A message is an object with type, id and data.")
    re = frame.get("id")
    if re is not None and not (type(re) is str and 0 < len(re) <= MAX_ID_LENGTH):
        detail = f"The id of a message is text of 1 to {MAX_ID_LENGTH} characters."
        raise InvalidMessage("invalid_id", detail)
    if unknown := frame.keys() - set(ENVELOPE):
        raise InvalidMessage(
            "unknown_field", f"Unknown in a message: {_names(unknown, ENVELOPE)}.", re
        )
    kind = frame.get("type")
    if type(kind) is not str or kind not in CLIENT_MESSAGES:
        detail = f"The type of a message is one of {', '.join(CLIENT_MESSAGES)}."
        raise InvalidMessage("unknown_type", detail, re)
    data = frame.get("data", {})
    if type(data) is not dict:
        raise InvalidMessage("invalid_data", "The data of a message is an object.", re)
    return Message(kind, re, _parse_data(kind, data, re))


def _parse_data(kind: str, data: dict[str, Any], re: str | None) -> dict[str, Any]:
    fields = CLIENT_MESSAGES[kind]
    if unknown := data.keys() - fields.keys():
        raise InvalidMessage("unknown_field", f"Unknown in {kind}: {_names(unknown, fields)}.", re)
    parsed = {}
    for name, field in fields.items():
        if data.get(name) is None:
            if field.required:
                raise InvalidMessage("missing_field", f"{kind} needs {name}.", re)
            continue
        try:
            parsed[name] = field.check(data[name], name)
        except DomainError as error:
            detail = f"{name} of {kind}: {error.detail}"
            raise InvalidMessage("invalid_field", detail, re) from error
    return parsed


def _names(unknown: set[str], known: Iterable[str]) -> str:
    """Returns the first unknown names with the nearest known ones, short to limit the size of the error."""
    shown = sorted(name[:20] for name in unknown)[:3]
    near = [(name, find_nearest(name, list(known))) for name in shown]
    return ", ".join(f"{name} (did you mean {found}?)" if found else name for name, found in near)


def message_frame(
    kind: ServerMessage,
    version: int,
    data: "Mapping[str, Any] | orjson.Fragment",
    re: str | None = None,
) -> str:
    """Returns a frame of the server."""
    frame: dict[str, Any] = {"type": kind, "version": version, "data": data}
    if re is not None:
        frame["re"] = re
    return orjson.dumps(frame, default=str).decode()


def error_frame(
    version: int, code: str, detail: str, re: str | None = None, *, closes: Close | None = None
) -> str:
    """Returns an `error`. Its data repeats `re`, for clients that pass on only the data.

    `closes` is the close code that follows, if the connection is closed.
    """
    data: dict[str, Any] = {"code": code, "detail": detail, "re": re}
    if closes is not None:
        data["closes"] = int(closes)
    return message_frame("error", version, data, re)


def final_error_frame(version: int, code: str, re: str | None = None) -> tuple[str, Close]:
    """Returns the `error` for one of FINAL_ERRORS, and the close code that follows it."""
    close, detail = FINAL_ERRORS[code]
    return error_frame(version, code, detail, re, closes=close), close


def pong_frame(version: int, time: datetime, ping: Message | None = None) -> str:
    """Returns the response to a `ping`; without one, a `pong` that requests a `ping`.

    A response always has a `re`, even if the `ping` had no id. Otherwise a client that replies to each `pong`
    without a `re` would reply to responses.
    """
    message_id = None if ping is None else ping.id or ping.type
    data = {"time": to_json(time), "asks": ping is None}
    return message_frame("pong", version, data, message_id)
