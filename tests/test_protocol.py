"""The protocol of the sockets: what is read and refused, and that the documentation says the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import MAX_LINE_LENGTH

from config.limits.token_bucket import TokenBucket
from config.management.commands.serve import server_config
from config.server import websocket_protocol
from sessions_app.kernel import limits
from sessions_app.live import hub, list_socket, protocol, reconciliation, sockets, tickets
from sessions_app.live.protocol import CLOSES, FROM_CLIENT, FROM_SERVER, Unreadable, read
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import rules, store
from tests.support.protocol_document import DOCUMENT, names, rows

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "static/js"


def test_the_document_tells_what_clients_say() -> None:
    told = {}
    for kind, data, *_ in rows("### What a client says"):
        fields = re.findall(r"`(\w+)`(\??)", data)
        told[names(kind)[0]] = {name: not optional for name, optional in fields}
    known = {
        kind: {n: f.required for n, f in fields.items()} for kind, fields in FROM_CLIENT.items()
    }
    assert told == known


def test_the_document_tells_what_the_server_says() -> None:
    assert sorted(names(row[0])[0] for row in rows("### What the server says")) == sorted(
        FROM_SERVER
    )


def test_each_last_word_goes_with_a_close() -> None:
    for code, (close, words) in protocol.LAST_WORDS.items():
        frame, closes = protocol.last_word(4, code, "7")
        data = {"code": code, "detail": words, "re": "7", "closes": int(close)}
        assert (json.loads(frame)["data"], closes) == (data, close)


def test_the_document_tells_the_closes() -> None:
    told = {int(code): (why, back == "yes") for code, why, back in rows("## Close codes")}
    assert told == {int(code): facts for code, facts in CLOSES.items()}


def test_the_document_tells_every_code_of_an_error() -> None:
    told = {name for row in rows("## Codes of errors") for name in names(row[0])}
    sources = (rules, protocol, sockets, lobby_actions, store)
    text = "".join(Path(str(module.__file__)).read_text() for module in sources)
    raised = set(re.findall(r'(?:DomainError|InvalidInput|Unreadable|_refuse_)\(\s*"(\w+)"', text))
    raised |= {code for code, _ in store.REFUSALS.values()} | protocol.LAST_WORDS.keys()
    raised |= {"rate_limited"}
    raised -= {"unknown_code", "not_started"}  # of REST alone
    assert told == raised


def test_the_document_tells_the_whole_lobby() -> None:
    from sessions_app.lobby.documents import lobby_document
    from tests.support.lobbies import EXAMPLE

    told = names(DOCUMENT.split("A lobby is the document of", 1)[1].split("Count down", 1)[0])
    assert told == list(lobby_document(EXAMPLE))


SAID: dict[str, tuple[Any, Any]] = {
    "kept for thirty seconds until a socket holds it": (rules.GRACE.seconds, 30),
    "good once, for thirty seconds": (tickets.SECONDS, 30),
    "send, within five seconds, `hello`": (sockets.HELLO_SECONDS, 5),
    "16 KiB at the most": (server_config(None).ws_max_size, 16 * 1024),
    "up to 64 characters": (protocol.LONGEST_ID, 64),
    "up to 300 characters": (protocol.LONGEST_CHAT, 300),
    "how many may sit (2 to 4)": ((limits.MIN_SEATS, limits.MAX_SEATS), (2, 4)),
    "several within 50 ms may come as one": (hub.TOGETHER, 0.05),
    "the newest 200 at the most": (list_socket.MOST_LISTED, 200),
    "After 25 seconds without a word": (reconciliation.SILENT, 25),
    "heard nothing for ten": (reconciliation.QUIET, 10),
    "keeps its seat for thirty seconds": (rules.GRACE.seconds, 30),
    "Ten messages a second for a player, bursts of twenty": (
        (TokenBucket.tokens_per_second, TokenBucket.capacity),
        (10, 20),
    ),
    "one more for each whole KiB. Fifty frames a second, bursts of two hundred": (
        (
            websocket_protocol.BYTES_PER_TOKEN,
            websocket_protocol.FrameBucket.tokens_per_second,
            websocket_protocol.FrameBucket.capacity,
        ),
        (1024, 50, 200),
    ),
    "lines of 8 KiB at the most": (MAX_LINE_LENGTH, 8 * 1024),
    "Twenty frames in a row that are not of the protocol": (sockets.MOST_BAD, 20),
    "Twenty sockets for an address": (hub.MOST_OF_ADDRESS, 20),
    "a thousand for a server process, half of which the list cannot take": (
        (hub.MOST_SOCKETS, hub.KEPT_FOR_SEATS),
        (1000, 500),
    ),
}


@pytest.mark.parametrize(("words", "numbers"), SAID.items(), ids=SAID)
def test_the_document_tells_the_numbers(words: str, numbers: tuple[Any, Any]) -> None:
    assert words in " ".join(DOCUMENT.split())
    known, told = numbers
    assert known == told


def test_the_document_tells_how_soon_the_client_comes_back() -> None:
    script = (STATIC / "lobby/connection.js").read_text()
    known = {
        name: int(re.search(rf"const {name} = ([\d_]+)", script)[1])  # type: ignore[index]
        for name in ("MIN_DELAY", "MAX_DELAY", "SILENCE_TIMEOUT")
    }
    assert known == {"MIN_DELAY": 100, "MAX_DELAY": 5_000, "SILENCE_TIMEOUT": 25_000}
    text = " ".join(DOCUMENT.split())
    assert "wait 0.1 seconds, then up to twice as long each time, up to 5 seconds" in text
    assert "hears nothing for 25 seconds connects anew" in text


def test_the_document_tells_the_client_for_browsers() -> None:
    client, below = ((STATIC / f"lobby/{name}.js").read_text() for name in ("client", "connection"))
    part = DOCUMENT.split("## The client for browsers\n", 1)[1].split("\n## ", 1)[0]
    told = re.search(r"The first exports (.+?)\.\n", part)
    assert told
    exports = re.findall(r"^export (?:class|const|function) (\w+)", client, re.MULTILINE)
    assert set(names(told[1])) == set(exports)
    of_client, of_list = client.split("export class LobbyList", 1)
    table = "| of a `LobbyClient`" + part.split("| of a `LobbyClient`", 1)[1]
    [_, says, has, fires, states] = [row[0] for row in rows("", f"\n{table}")]
    commands = re.findall(r"^  (\w+) = \(", of_client, re.MULTILINE)
    assert re.findall(r"`(\w+)\(", says) == commands
    assert set(commands) == FROM_CLIENT.keys() - {"hello", "ping"}
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
        ('{"type": "chat", "data": {"text": "a\\u0000b"}}', "invalid_field"),
        (json.dumps({"type": "chat", "data": {"text": "x" * 301}}), "invalid_field"),
        ('{"type": "hello", "data": {"version": -1}}', "invalid_field"),
        ('{"type": "hello", "data": {"version": 1e99}}', "invalid_field"),
    ],
)
def test_what_is_not_of_the_protocol(frame: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(frame)
    assert refused.value.code == code
    assert len(protocol.error(1, code, refused.value.detail, refused.value.re)) < 500


@pytest.mark.parametrize("text", ["\u0301", "\u2800\n", "\ufffc"])
def test_a_chat_needs_something_to_read(text: str) -> None:
    with pytest.raises(Unreadable, match="needs a visible character") as refused:
        read(json.dumps({"type": "chat", "id": "7", "data": {"text": text}}))
    assert (refused.value.code, refused.value.re) == ("invalid_field", "7")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \u05e9\u05dc\u05d5\u05dd ", "\u05e9\u05dc\u05d5\u05dd"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\N{WOMAN}\u200d\N{ROCKET}", "\N{WOMAN}\u200d\N{ROCKET}"),
        ("\N{HEAVY BLACK HEART}\ufe0f", "\N{HEAVY BLACK HEART}\ufe0f"),
        ("?!", "?!"),
    ],
)
def test_a_chat_is_said_in_normal_form(text: str, said: str) -> None:
    message = read(json.dumps({"type": "chat", "data": {"text": text}}))
    assert message.data == {"text": said}


def test_only_a_pong_that_asks_has_no_re() -> None:
    """Whatever clients go by, an answer is never taken for a question, or they would answer for ever."""
    frames = ('{"type": "ping", "id": "7"}', '{"type": "ping"}')
    answers = [json.loads(protocol.pong(3, 1.5, read(frame))) for frame in frames]
    assert [answer["re"] for answer in answers] == ["7", "ping"]
    assert [answer["data"] for answer in answers] == [{"time": 1.5, "asks": False}] * 2
    asking = {"type": "pong", "version": 3, "data": {"time": 1.5, "asks": True}}
    assert json.loads(protocol.pong(3, 1.5)) == asking


def test_what_is_of_the_protocol() -> None:
    message = read('{"type": "chat", "id": "7", "data": {"text": " <b>hi</b>\\nthere "}}')
    assert (message.type, message.id, message.data) == ("chat", "7", {"text": "<b>hi</b>\nthere"})
    assert read('{"type": "ping"}').id is None


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text() | json_values.map(json.dumps))
def test_no_text_does_more_than_be_refused(frame: str) -> None:
    with pytest.raises(Unreadable):
        read(frame)


@given(st.sampled_from(list(FROM_CLIENT)), st.dictionaries(st.text(), json_values), json_values)
def test_no_data_does_more_than_be_refused(
    kind: str, data: dict[str, Any], message_id: Any
) -> None:
    try:
        message = read(json.dumps({"type": kind, "id": message_id, "data": data}))
    except Unreadable:
        return
    assert set(message.data) <= set(FROM_CLIENT[kind])
