"""What a process remembers of a player's messages, so that the same message is handled once."""

from uuid import UUID

from sessions_app.kernel.protocol import Message
from sessions_app.live.rooms import MAX_HANDLED_MESSAGES, ConnectedPlayer

HERE, THERE = UUID(int=1), UUID(int=2)
READY = Message("ready", "1", {"is_ready": True})


def test_only_a_repeated_message_in_the_same_game_counts_as_handled() -> None:
    others = [
        (HERE, Message("ready", "1", {"is_ready": False})),
        (HERE, Message("leave", "1", {})),
        (THERE, READY),
        (HERE, Message("ready", "2", {"is_ready": True})),
        (HERE, Message("ready", None, {"is_ready": True})),
    ]
    for session_id, other in others:
        player = ConnectedPlayer()
        assert not player.mark_handled(HERE, READY)
        assert player.mark_handled(HERE, READY)
        assert not player.mark_handled(session_id, other), other


def test_the_order_of_fields_does_not_matter() -> None:
    player = ConnectedPlayer()
    assert not player.mark_handled(HERE, Message("settings", "1", {"seats": 2, "is_public": True}))
    assert player.mark_handled(HERE, Message("settings", "1", {"is_public": True, "seats": 2}))


def test_a_message_that_failed_is_handled_again() -> None:
    player, leave = ConnectedPlayer(), Message("leave", "1", {})
    assert not player.mark_handled(HERE, READY)
    player.unmark_handled(HERE, READY)
    assert not player.mark_handled(HERE, READY)
    assert not player.mark_handled(HERE, leave)  # another message, while the first is handled
    player.unmark_handled(HERE, READY)
    assert player.mark_handled(HERE, leave)


def test_handled_messages_are_limited() -> None:
    player = ConnectedPlayer()
    for n in range(MAX_HANDLED_MESSAGES * 3):
        player.mark_handled(HERE, Message("chat", str(n), {"text": "x" * 300}))
    assert len(player.handled) == MAX_HANDLED_MESSAGES
    assert {len(digest) for digest in player.handled.values()} == {16}
