"""What a process remembers of a player's messages: the same is done once, and memory stays small."""

from uuid import UUID

from sessions_app.live.protocol import Message
from sessions_app.live.rooms import REMEMBERED, Visitor

HERE, THERE = UUID(int=1), UUID(int=2)
READY = Message("ready", "1", {"is_ready": True})


def test_only_the_same_message_in_the_same_session_was_done() -> None:
    others = [
        (HERE, Message("ready", "1", {"is_ready": False})),
        (HERE, Message("leave", "1", {})),
        (THERE, READY),
        (HERE, Message("ready", "2", {"is_ready": True})),
        (HERE, Message("ready", None, {"is_ready": True})),
    ]
    for session_id, other in others:
        visitor = Visitor(0)
        assert not visitor.has_done(HERE, READY)
        assert visitor.has_done(HERE, READY)
        assert not visitor.has_done(session_id, other), other


def test_fields_have_no_order() -> None:
    visitor = Visitor(0)
    assert not visitor.has_done(HERE, Message("settings", "1", {"seats": 2, "is_public": True}))
    assert visitor.has_done(HERE, Message("settings", "1", {"is_public": True, "seats": 2}))


def test_what_was_not_done_after_all_is_done_again() -> None:
    visitor, leave = Visitor(0), Message("leave", "1", {})
    assert not visitor.has_done(HERE, READY)
    visitor.forget(HERE, READY)
    assert not visitor.has_done(HERE, READY)
    assert not visitor.has_done(HERE, leave)  # while the one before is under way
    visitor.forget(HERE, READY)
    assert visitor.has_done(HERE, leave)


def test_memory_is_bounded() -> None:
    visitor = Visitor(0)
    for n in range(REMEMBERED * 3):
        visitor.has_done(HERE, Message("chat", str(n), {"text": "x" * 300}))
    assert len(visitor.done) == REMEMBERED
    assert {len(digest) for digest in visitor.done.values()} == {16}
