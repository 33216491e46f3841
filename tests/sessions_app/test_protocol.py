"""The protocol of the sockets: which messages are valid, and that the document agrees."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import MAX_LINE_LENGTH

from config.limits.address_limits import ADDRESS_LIMITS
from config.limits.rate_limits import POLICIES
from config.management.commands.serve import server_config
from config.server import websocket_protocol
from sessions_app.kernel import limits, protocol
from sessions_app.kernel.protocol import (
    CLIENT_MESSAGES,
    CLOSES,
    InvalidMessage,
    ServerMessage,
    parse,
)
from sessions_app.live import consumers, hub, reconciliation, rooms, socket_slots, sockets
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import rules, store, transactions
from sessions_app.lobby_list import open_lobbies
from sessions_app.tickets import tickets
from tests.support.protocol_document import DOCUMENT, LOBBY_HEADING, names, rows

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static/js"


def test_the_document_lists_all_client_messages() -> None:
    reported = {}
    for kind, data, *_ in rows("### Client messages"):
        fields = re.findall(r"`(\w+)`(\??)", data)
        reported[names(kind)[0]] = {name: not optional for name, optional in fields}
    known = {
        kind: {n: f.required for n, f in fields.items()} for kind, fields in CLIENT_MESSAGES.items()
    }
    assert reported == known


def test_the_document_lists_all_server_messages() -> None:
    assert sorted(names(row[0])[0] for row in rows("### Server messages")) == sorted(
        get_args(ServerMessage)
    )


def test_each_final_error_has_a_close_code() -> None:
    for code, (close, words) in protocol.FINAL_ERRORS.items():
        frame, closes = protocol.final_error_frame(4, code, "7")
        data = {"code": code, "detail": words, "re": "7", "closes": int(close)}
        assert (json.loads(frame)["data"], closes) == (data, close)


def test_the_document_lists_all_close_codes() -> None:
    reported = {int(code): (why, back == "yes") for code, why, back in rows("## Close codes")}
    assert reported == {int(code): facts for code, facts in CLOSES.items()}


def test_the_document_lists_all_error_codes() -> None:
    reported = {name for row in rows("## Error codes") for name in names(row[0])}
    sources = (rules, protocol, consumers, sockets, lobby_actions, store)
    text = "".join(Path(str(module.__file__)).read_text() for module in sources)
    raised = set(re.findall(r'(?:DomainError|InvalidInput|InvalidMessage)\(\s*"(\w+)"', text))
    raised |= {
        code for code, _ in transactions.CONSTRAINT_ERRORS.values()
    } | protocol.FINAL_ERRORS.keys()
    raised |= {"rate_limited"}
    raised -= {"unknown_code", "not_started"}  # only in the API
    raised -= {"left"}  # sent as `closed`
    assert reported == raised


def test_the_document_lists_all_fields_of_a_lobby() -> None:
    from sessions_app.lobby.documents import lobby_document
    from tests.support.lobbies import EXAMPLE

    reported = [name for row in rows(LOBBY_HEADING) for name in names(row[0])]
    assert reported == list(lobby_document(EXAMPLE))


STATED: dict[str, tuple[Any, Any]] = {
    "The seat is kept for thirty seconds until a socket holds it": (rules.GRACE_PERIOD.seconds, 30),
    "A ticket is valid once, for thirty seconds": (tickets.TICKET_SECONDS, 30),
    "Within five seconds, send `hello`": (consumers.HELLO_SECONDS, 5),
    "of at most 16 KiB": (server_config(None).ws_max_size, 16 * 1024),
    "up to 64 characters": (protocol.MAX_ID_LENGTH, 64),
    "remembers the last 32 messages": (rooms.MAX_HANDLED_MESSAGES, 32),
    "up to 300 characters": (limits.MAX_CHAT_LENGTH, 300),
    "the number of seats (2 to 4)": ((limits.MIN_SEATS, limits.MAX_SEATS), (2, 4)),
    "Changes within 50 ms may come as one": (hub.COALESCE_SECONDS, 0.05),
    "the newest 200 at most": (open_lobbies.MAX_LISTED, 200),
    "receives nothing for 25 seconds": (reconciliation.SILENCE_SECONDS, 25),
    "receives nothing for ten seconds": (reconciliation.PING_AFTER_SECONDS, 10),
    "The seat is kept for thirty seconds, and in a lobby": (rules.GRACE_PERIOD.seconds, 30),
    "messages of a player | 10 a second, 20 at once": (
        (sockets.MESSAGES_PER_SECOND, sockets.MESSAGE_BURST),
        (10, 20),
    ),
    "one more for each whole KiB | 50 a second, 200 at once": (
        (
            websocket_protocol.BYTES_PER_TOKEN,
            websocket_protocol.FRAMES_PER_SECOND,
            websocket_protocol.FRAME_BURST,
        ),
        (1024, 50, 200),
    ),
    "lines of the handshake | 8 KiB each": (MAX_LINE_LENGTH, 8 * 1024),
    "bad frames | 20 in a row": (consumers.MAX_BAD_FRAMES, 20),
    "after 50 of these, of which one a second is forgiven": (
        (consumers.MAX_EXCESS_MESSAGES, consumers.FORGIVEN_PER_SECOND),
        (50, 1),
    ),
    "commands of a socket that wait | 20": (consumers.MAX_WAITING_MESSAGES, 20),
    "before `hello` | 300, and 20 of an address": (
        (socket_slots.MAX_PENDING_SOCKETS, ADDRESS_LIMITS["sockets"][0]),
        (300, 20),
    ),
    "tickets of a player | 60 a minute": (
        (POLICIES["tickets"].limit, POLICIES["tickets"].seconds),
        (60, 60),
    ),
    "sends more than 8 MiB after the close frame": (
        websocket_protocol.MAX_DRAINED_BYTES,
        8 * 1024 * 1024,
    ),
    "sockets of an address | 20 open, 300 new in a minute": (
        (
            ADDRESS_LIMITS["sockets"][0],
            POLICIES["sockets"].limit,
            POLICIES["sockets"].seconds,
        ),
        (20, 300, 60),
    ),
    "sockets of a server process | 1,000, of which list sockets can take 500": (
        (
            socket_slots.MAX_SOCKETS,
            socket_slots.MAX_SOCKETS - socket_slots.SOCKETS_RESERVED_FOR_SEATS,
        ),
        (1000, 500),
    ),
}


@pytest.mark.parametrize(("words", "numbers"), STATED.items(), ids=STATED)
def test_the_document_states_the_limits(words: str, numbers: tuple[Any, Any]) -> None:
    assert words in " ".join(DOCUMENT.split())
    known, reported = numbers
    assert known == reported


def test_the_document_states_how_the_client_reconnects() -> None:
    script = (STATIC / "lobby/connection.js").read_text()
    known = {
        name: int(re.search(rf"const {name} = ([\d_]+)", script)[1])  # type: ignore[index]
        for name in ("MIN_DELAY", "MAX_DELAY", "SILENCE_TIMEOUT")
    }
    assert known == {"MIN_DELAY": 100, "MAX_DELAY": 5_000, "SILENCE_TIMEOUT": 25_000}
    text = " ".join(DOCUMENT.split())
    assert "Wait 0.1 seconds, then up to twice as long each time, up to 5 seconds" in text
    assert "A client that receives nothing for 25 seconds connects again" in text


def test_the_document_describes_the_client_for_browsers() -> None:
    client, below = ((STATIC / f"lobby/{name}.js").read_text() for name in ("client", "connection"))
    part = DOCUMENT.split("## The client for browsers\n", 1)[1].split("\n## ", 1)[0]
    reported = re.search(r"The first exports (.+?)\.\n", part)
    assert reported
    exports = re.findall(r"^export (?:class|const|function) (\w+)", client, re.MULTILINE)
    assert set(names(reported[1])) == set(exports)
    of_client, of_list = client.split("export class LobbyList", 1)
    table = "| of a `LobbyClient`" + part.split("| of a `LobbyClient`", 1)[1]
    [_, says, has, fires, states] = [row[0] for row in rows("", f"\n{table}")]
    commands = re.findall(r"^  (\w+) = \(", of_client, re.MULTILINE)
    assert re.findall(r"`(\w+)\(", says) == commands
    assert set(commands) == CLIENT_MESSAGES.keys() - {"hello", "ping"}
    for name in re.findall(r"`(\w+)", has):
        assert re.search(rf"this\.{name} = |get {name}\(|^  {name}\(", client + below, re.MULTILINE)
    assert names(fires) == re.findall(r"@fires LobbyClient#(\w+)", client)
    kinds = re.search(r"@typedef {(.+)} State\n", below)
    assert kinds
    assert names(states) == re.findall(r'"(\w+)"', kinds[1])
    for name in ("all", "maps", "total", "mayMiss"):
        assert f"`{name}" in part
        assert re.search(rf"^  {name}( =|\()", of_list, re.MULTILINE)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("NaN", "not_json"),
        ('{"type": "ping", "id": "\\ud800"}', "not_json"),
        ("[" * 2000, "not_json"),
        ("[]", "not_an_object"),
        ("7", "not_an_object"),
        ("null", "not_an_object"),
        ("{}", "unknown_type"),
        ('{"type": []}', "unknown_type"),
        ('{"type": "lobby"}', "unknown_type"),
        ('{"type": "ping", "id": 7}', "invalid_id"),
        ('{"type": "ping", "id": ""}', "invalid_id"),
        (json.dumps({"type": "ping", "id": "x" * 65}), "invalid_id"),
        ('{"type": "ping", "more": 1}', "unknown_field"),
        ('{"type": "ping", "data": []}', "invalid_data"),
        ('{"type": "ping", "data": null}', "invalid_data"),
        ('{"type": "ping", "data": {"x": 1}}', "unknown_field"),
        ('{"type": "ready"}', "missing_field"),
        ('{"type": "ready", "data": {"is_ready": null}}', "missing_field"),
        ('{"type": "ready", "data": {"is_ready": 1}}', "invalid_field"),
        ('{"type": "ready", "data": {"is_ready": "true"}}', "invalid_field"),
        ('{"type": "ready", "data": {"is_ready": true, "player_id": "x"}}', "unknown_field"),
        ('{"type": "kick", "data": {"player_id": "x"}}', "invalid_field"),
        ('{"type": "kick", "data": {"player_id": {}}}', "invalid_field"),
        ('{"type": "settings", "data": {"seats": 5}}', "invalid_field"),
        ('{"type": "settings", "data": {"seats": true}}', "invalid_field"),
        ('{"type": "settings", "data": {"seats": 3.0}}', "invalid_field"),
        ('{"type": "chat", "data": {"text": "  "}}', "invalid_field"),
        ('{"type": "chat", "data": {"text": "\\u0000\\n\\t"}}', "invalid_field"),
        ('{"type": "chat", "data": {"text": "a\\u202eb"}}', "invalid_field"),
        (json.dumps({"type": "chat", "data": {"text": "x" * 301}}), "invalid_field"),
        ('{"type": "hello", "data": {"version": -1}}', "invalid_field"),
        ('{"type": "hello", "data": {"version": 1e99}}', "invalid_field"),
    ],
)
def test_invalid_messages_are_refused(frame: str, code: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        parse(frame)
    assert refused.value.code == code
    assert len(protocol.error_frame(1, code, refused.value.detail, refused.value.re)) < 500


@pytest.mark.parametrize("text", ["\u0301", "\u2800\n", "\ufffc"])
def test_a_chat_needs_a_visible_character(text: str) -> None:
    with pytest.raises(InvalidMessage, match="needs a visible character") as refused:
        parse(json.dumps({"type": "chat", "id": "7", "data": {"text": text}}))
    assert (refused.value.code, refused.value.re) == ("invalid_field", "7")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \u05e9\u05dc\u05d5\u05dd ", "\u05e9\u05dc\u05d5\u05dd"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\N{WOMAN}\u200d\N{ROCKET}", "\N{WOMAN}\u200d\N{ROCKET}"),
        ("\N{HEAVY BLACK HEART}\ufe0f", "\N{HEAVY BLACK HEART}\ufe0f"),
        ("?!", "?!"),
        ("a" + "\n" * 250 + "b", "a b"),
        ("a\r\n \t\x0b\x0c\x1c\x1f\x7f\x85\x9f\xa0b", "a b"),
        ("a\u1680\u2000\u2028\u2029\u202f\u205f\u3000b", "a b"),
        ("a\x00b\nc", "a b c"),
        ("\n a \n", "a"),
    ],
)
def test_a_chat_is_normalized(text: str, said: str) -> None:
    message = parse(json.dumps({"type": "chat", "data": {"text": text}}))
    assert message.data == {"text": said}


def test_only_a_pong_that_asks_for_a_ping_has_no_re() -> None:
    """A client that mistakes a response for a request would reply forever."""
    frames = ('{"type": "ping", "id": "7"}', '{"type": "ping"}')
    responses = [json.loads(protocol.pong_frame(3, NOON, parse(frame))) for frame in frames]
    assert [response["re"] for response in responses] == ["7", "ping"]
    time = "2026-07-01T12:00:00.000000Z"
    assert [response["data"] for response in responses] == [{"time": time, "asks": False}] * 2
    asking = {"type": "pong", "version": 3, "data": {"time": time, "asks": True}}
    assert json.loads(protocol.pong_frame(3, NOON)) == asking


def test_a_valid_message_is_parsed() -> None:
    message = parse('{"type": "chat", "id": "7", "data": {"text": " <b>hi</b>\\nthere "}}')
    assert (message.type, message.id, message.data) == ("chat", "7", {"text": "<b>hi</b> there"})
    assert parse('{"type": "ping"}').id is None


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text() | json_values.map(json.dumps))
def test_no_text_causes_another_error(frame: str) -> None:
    with pytest.raises(InvalidMessage):
        parse(frame)


@given(st.sampled_from(list(CLIENT_MESSAGES)), st.dictionaries(st.text(), json_values), json_values)
def test_no_data_causes_another_error(kind: str, data: dict[str, Any], message_id: Any) -> None:
    try:
        message = parse(json.dumps({"type": kind, "id": message_id, "data": data}))
    except InvalidMessage:
        return
    assert set(message.data) <= set(CLIENT_MESSAGES[kind])
