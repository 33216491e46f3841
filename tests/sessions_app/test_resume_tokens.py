"""Resume tokens: how a player who lost the socket comes back without a ticket, a request, or Redis."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from accounts.devices import actions as device_actions
from accounts.devices.session_store import hash_session_key
from accounts.identity import passwords
from accounts.models import PageSession, User
from accounts.moderation import actions as moderation_actions
from accounts.tokens import families
from accounts.tokens.actions import start_family
from config.kernel.digests import digest
from config.kernel.errors import DomainError
from config.limits import rate_limits
from config.redis.clients import durable
from sessions_app.kernel.protocol import Close
from sessions_app.live import socket_slots
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.transactions import run
from sessions_app.models import LobbyServer, SessionPlayer
from sessions_app.tickets import resume_tokens, tickets
from sessions_app.tickets.sign_in_checks import take_seat
from sessions_app.tickets.tickets import Holder
from tests.support.database import execute
from tests.support.factories import make_moderator
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.redis import redis_away
from tests.support.socket_clients import (
    Caller,
    path_of,
    seated,
    take_seat_by_socket,
    ticket_for,
    token_of,
)
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
BAD_RESUME = ("bad_resume", Close.NOT_LET_IN)
SUSPENDED = ("suspended", Close.REMOVED)


def resume_of(caller: Caller) -> str:
    """Returns the token of the last `welcome`."""
    welcomes = [frame for frame in caller.received if frame["type"] == "welcome"]
    token: str = welcomes[-1]["data"]["resume"]
    return token


def lose(caller: Caller) -> None:
    """Loses a socket without a close frame."""
    caller.socket.socket.close()


def resumed(site: Site, table: Table, token: str, **options: Any) -> Caller:
    """Returns the socket of a player who resumed the seat."""
    caller = Caller(site, path_of(table.id), **options)
    assert caller.ask("hello", resume=token)["type"] == "welcome"
    return caller


def refusal(site: Site, table: Table, token: str) -> tuple[str, int | None]:
    with Caller(site, path_of(table.id)) as caller:
        caller.send("hello", resume=token)
        return caller.refused()


# ---- Redeeming ----------------------------------------------------------------------------------


def test_a_token_resumes_the_seat_and_is_replaced(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        first = resume_of(guest)
        assert len(first) >= 32
        assert resume_of(host) != first
        lose(guest)
        with resumed(site, table, first) as back:
            second = resume_of(back)
            assert second != first
            assert back.ask("ready", is_ready=True)["type"] == "lobby"
            assert back.ask("hello")["data"]["resume"] == second  # of the same socket
            until(lambda: refused_quickly(table, first))
            assert refusal(site, table, first) == BAD_RESUME
            assert back.ask("ping")["type"] == "pong"  # it keeps the seat
            lose(back)
            with resumed(site, table, second) as again:
                assert again.ask("ping")["type"] == "pong"


def refused_quickly(table: Table, token: str) -> bool:
    """Returns whether a token is not valid any more."""
    try:
        run(resume_tokens.find_holder, table.id, token)
    except DomainError:
        return True
    return False


def test_postgres_has_only_the_hash(site: Site) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        token = resume_of(host)
        row = SessionPlayer.objects.filter(session=table.id).values().get()
        assert row["resume_hash"] == digest(token)
        assert token not in str(row)
        assert row["resume_family"]
        assert row["resume_page"] is None
        assert row["resume_stamp"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_welcome_does_not_lock_the_player_out(site: Site, times: int) -> None:
    """The token was redeemed, but the client never saw the new one."""
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        token = resume_of(host)
        lose(host)
    until(lambda: not table.now.seats[0].is_connected)
    for _ in range(times):
        with Caller(site, path_of(table.id)) as unlucky:
            unlucky.send("hello", resume=token)
            until(lambda: table.now.seats[0].is_connected)
            lose(unlucky)
        until(lambda: not table.now.seats[0].is_connected)
    with resumed(site, table, token) as back:
        new = resume_of(back)
        assert back.ask("ping")["type"] == "pong"
        until(lambda: refused_quickly(table, token))
        lose(back)
    assert refusal(site, table, token) == BAD_RESUME
    with resumed(site, table, new):
        pass


def test_the_newest_of_two_lost_welcomes_counts(site: Site) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        token = resume_of(host)
        lose(host)
    with resumed(site, table, token) as one, resumed(site, table, token) as two:
        assert one.refused() == ("replaced", Close.REPLACED)
        assert two.ask("ping")["type"] == "pong"
        first, second = resume_of(one), resume_of(two)
    assert refusal(site, table, first) == BAD_RESUME
    with resumed(site, table, second):
        pass


def test_a_ticket_replaces_the_token(site: Site) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as one, take_seat_by_socket(site, table) as two:
        assert refusal(site, table, resume_of(one)) == BAD_RESUME
        assert two.ask("ping")["type"] == "pong"


def test_a_client_may_send_a_ticket_for_the_case_that_the_token_has_ended(site: Site) -> None:
    table = Table(1)
    with Caller(site, path_of(table.id)) as caller:
        ticket = ticket_for(table)
        assert caller.ask("hello", resume="x" * 32, ticket=ticket)["type"] == "welcome"


@pytest.mark.parametrize("token", ["x", "x" * 32, "x" * 100, "' OR 1=1 --"])
def test_an_invalid_token_is_refused(site: Site, token: str) -> None:
    table = Table(1)
    assert refusal(site, table, token) == BAD_RESUME
    with Caller(site, path_of(uuid4())) as caller:
        caller.send("hello", resume=token)
        assert caller.refused() == BAD_RESUME


def test_a_token_is_valid_only_for_its_own_seat(site: Site) -> None:
    table, other = Table(1), Table(1)
    with take_seat_by_socket(site, table) as host:
        assert refusal(site, other, resume_of(host)) == BAD_RESUME
        assert host.ask("ping")["type"] == "pong"


def test_a_page_resumes_its_seat_without_its_cookie(site: Site) -> None:
    table, browser = Table(1), Client()
    browser.force_login(table.users[0])
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    with Caller(site, path_of(table.id), additional_headers=headers) as page:
        assert page.ask("hello")["type"] == "welcome"
        token = resume_of(page)
    with resumed(site, table, token) as back:
        assert back.ask("ping")["type"] == "pong"
        browser.logout()
        assert back.closed(within=5) == Close.NOT_LET_IN
    assert refusal(site, table, resume_of(back)) == BAD_RESUME


def test_a_resumed_socket_ends_with_its_token_family(site: Site) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        token = resume_of(host)
        lose(host)
    with resumed(site, table, token) as back:
        families.revoke_all(table.users[0].pk)
        assert back.refused(within=5) == ("signed_out", Close.NOT_LET_IN)
    assert refusal(site, table, resume_of(back)) == BAD_RESUME


def test_a_resumed_socket_outlives_an_emptied_redis(site: Site) -> None:
    """Its token family is not in Redis any more. Its seat still has a token, so it was not revoked."""
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        token = resume_of(host)
        lose(host)
    durable().flushdb()
    with resumed(site, table, token) as back:
        assert back.frames_within(5) == []
        families.revoke_all(table.users[0].pk)
        assert back.closed(within=5) == Close.NOT_LET_IN


# ---- Other clients at the same address ----------------------------------------------------------


def test_a_seat_does_not_depend_on_the_limits_of_its_address(
    site: Site, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Another client has used up the requests and the sockets of the address."""
    settings.ADDRESS_LIMITS = settings.ADDRESS_LIMITS | {"sockets": 2}
    table = Table(1)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(take_seat_by_socket(site, table))
        for _ in range(2):
            other = Table(1)
            with contextlib.suppress(AssertionError):
                stack.enter_context(take_seat_by_socket(site, other))
        for name in ("api", "sockets"):
            durable().set(rate_limits.key(name, "127.0.0.1"), 10**6, ex=60)
        lose(host)
        with resumed(site, table, resume_of(host)) as back:
            assert back.ask("ping")["type"] == "pong"
    with Caller(site, "/ws/lobbies") as looker:
        assert looker.refused() == ("too_many_sockets", Close.TOO_MUCH)


def test_a_ticket_opens_a_socket_at_an_address_that_opened_too_many(site: Site) -> None:
    table, browser = Table(1), Client()
    browser.force_login(table.users[0])
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    durable().set(rate_limits.key("sockets", "127.0.0.1"), 10**6, ex=60)
    with Caller(site, path_of(table.id), additional_headers=headers) as page:
        page.send("hello")
        assert page.refused() == ("too_many_sockets", Close.TOO_MUCH)
    with take_seat_by_socket(site, table) as host:
        assert host.ask("ping")["type"] == "pong"


def test_a_full_process_refuses_a_resumed_seat(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        monkeypatch.setattr(socket_slots, "MAX_SOCKETS", 1)
        assert refusal(site, table, resume_of(host)) == ("too_many_sockets", Close.TOO_MUCH)
        assert host.ask("ping")["type"] == "pong"
        token = resume_of(host)
    monkeypatch.setattr(socket_slots, "MAX_SOCKETS", 2)
    with resumed(site, table, token):  # it was not used up
        pass


# ---- Without Redis ------------------------------------------------------------------------------


@pytest.fixture
def lonely_site(transactional_db: None, static_root: Path, settings: Any) -> Iterator[Site]:
    """A site whose Redis refuses connections, as does that of the test."""
    settings.STATIC_ROOT = static_root
    layer = settings.CHANNEL_LAYERS["default"]
    hosts = [{"address": "redis://127.0.0.1:1/0", "socket_connect_timeout": 0.5}]
    settings.CHANNEL_LAYERS = {
        "default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": hosts}},
    }
    with redis_away():
        running = Site(static_root)
        yield running
        running.stop()


class Seat:
    """A lost seat of a lobby, with a token."""

    def __init__(self, *, page: str | None = None) -> None:
        self.table = Table(2)
        self.user = self.table.users[1]
        self.token, self.family = resume_tokens.create_token(), None if page else uuid4().hex
        server = LobbyServer.objects.create(pk=uuid4())
        socket = uuid4()
        holder = Holder(self.user.pk, family=self.family, page=page)
        run(
            take_seat,
            holder,
            self.table.id,
            connection=socket,
            server=server.pk,
            resume=self.token,
        )
        run(lobby_actions.disconnect, self.table.id, self.user.pk, connection=socket)


def kicked(seat: Seat) -> None:
    host = seat.table.users[0].pk
    run(lobby_actions.kick, seat.table.id, host, player_id=seat.user.pk)


def left(seat: Seat) -> None:
    run(lobby_actions.leave, seat.table.id, seat.user.pk)


def signed_out(seat: Seat) -> None:
    with contextlib.suppress(families.TokensUnavailable):
        device_actions.sign_out_device(seat.user, f"client:{seat.family}")


def signed_out_everywhere(seat: Seat) -> None:
    with contextlib.suppress(families.TokensUnavailable):
        device_actions.sign_out_all_devices(seat.user.pk)


def signed_out_elsewhere(seat: Seat) -> None:
    """From a browser: all other devices."""
    with contextlib.suppress(families.TokensUnavailable):
        device_actions.sign_out_other_devices(seat.user, current="another")


def new_password(seat: Seat) -> None:
    user = User.objects.get(pk=seat.user.pk)
    user.set_password("another quite long sentence")
    passwords.save_password(user)


def new_password_in_psql(seat: Seat) -> None:
    execute("UPDATE users SET password_hash = 'x' || password_hash WHERE id = %s", seat.user.pk)


def banned(seat: Seat) -> None:
    moderation_actions.decide(
        moderator=make_moderator(),
        players=User.objects.filter(pk=seat.user.pk),
        action=moderation_actions.Action.BAN,
        reason="It cheats.",
    )


def banned_in_psql(seat: Seat) -> None:
    execute("UPDATE users SET is_active = false WHERE id = %s", seat.user.pk)


def banned_for_a_while(seat: Seat) -> None:
    banned(seat)
    execute("UPDATE users SET is_active = true WHERE id = %s", seat.user.pk)


def erased(seat: Seat) -> None:
    seat.user.delete()


def erased_in_psql(seat: Seat) -> None:
    execute("DELETE FROM users WHERE id = %s", seat.user.pk)


def expired(seat: Seat) -> None:
    execute("UPDATE session_players SET lost_at = lost_at - interval '31 seconds'")
    run(lobby_actions.apply_due_changes, seat.table.id)


def ended(seat: Seat) -> None:
    execute("UPDATE game_sessions SET status = 'InProgress' WHERE id = %s", seat.table.id)
    run(lobby_actions.end, seat.table.id, seat.table.users[0].pk)
    assert not SessionPlayer.objects.filter(resume_hash__isnull=False).exists()


def left_a_game(seat: Seat) -> None:
    execute("UPDATE game_sessions SET status = 'InProgress' WHERE id = %s", seat.table.id)
    left(seat)
    assert not SessionPlayer.objects.filter(resume_hash__isnull=False).exists()


ENDS: dict[str, tuple[Callable[[Seat], None], tuple[str, Close]]] = {
    "kicked": (kicked, BAD_RESUME),
    "left": (left, BAD_RESUME),
    "left a game": (left_a_game, BAD_RESUME),
    "signed out": (signed_out, BAD_RESUME),
    "signed out everywhere": (signed_out_everywhere, BAD_RESUME),
    "signed out elsewhere": (signed_out_elsewhere, BAD_RESUME),
    "new password": (new_password, BAD_RESUME),
    "new password in psql": (new_password_in_psql, BAD_RESUME),
    "banned": (banned, BAD_RESUME),
    "banned in psql": (banned_in_psql, SUSPENDED),
    "banned for a while": (banned_for_a_while, BAD_RESUME),
    "erased": (erased, BAD_RESUME),
    "erased in psql": (erased_in_psql, BAD_RESUME),
    "the grace period is over": (expired, BAD_RESUME),
    "the game is over": (ended, BAD_RESUME),
}


def test_a_seat_is_resumed_without_redis(lonely_site: Site) -> None:
    seat = Seat()
    with resumed(lonely_site, seat.table, seat.token) as back:
        assert back.ask("ready", is_ready=True)["type"] == "lobby"
        assert back.frames_within(3) == []  # and stays connected


@pytest.mark.parametrize(("end", "expected"), ENDS.values(), ids=ENDS)
def test_a_token_ends_without_redis(
    lonely_site: Site, end: Callable[[Seat], None], expected: tuple[str, Close]
) -> None:
    seat = Seat()
    end(seat)
    assert refusal(lonely_site, seat.table, seat.token) == expected


def test_a_token_of_a_page_ends_with_its_session_without_redis(lonely_site: Site) -> None:
    key = "a" * 32
    row = PageSession.objects.create(
        session_key=hash_session_key(key),
        session_data="",
        expire_date=timezone.now() + timedelta(days=1),
    )
    seat = Seat(page=row.session_key)
    run(resume_tokens.find_holder, seat.table.id, seat.token)
    PageSession.objects.update(expire_date=timezone.now())
    assert refusal(lonely_site, seat.table, seat.token) == BAD_RESUME
    PageSession.objects.update(expire_date=timezone.now() + timedelta(days=1))
    device_actions.sign_out_device(seat.user, f"browser:{row.session_key}")  # not the player's own
    run(resume_tokens.find_holder, seat.table.id, seat.token)
    PageSession.objects.update(user=seat.user)
    device_actions.sign_out_device(seat.user, f"browser:{row.session_key}")
    assert refusal(lonely_site, seat.table, seat.token) == BAD_RESUME


def test_only_the_token_of_the_same_family_ends(lonely_site: Site) -> None:
    seat = Seat()
    with contextlib.suppress(families.TokensUnavailable):
        families.revoke(seat.user.pk, uuid4().hex)
    with contextlib.suppress(families.TokensUnavailable):
        families.revoke_all(seat.table.users[0].pk)
    with resumed(lonely_site, seat.table, seat.token):
        pass


# ---- Other ends of token families ---------------------------------------------------------------


def test_a_replayed_refresh_token_ends_the_token() -> None:
    seat = Seat()
    ids = families.start(seat.user.pk, "tests")
    execute("UPDATE session_players SET resume_family = %s", ids.family)
    assert families.rotate(seat.user.pk, family=ids.family, presented=ids.refresh, device="tests")
    assert not refused_quickly(seat.table, seat.token)
    assert (
        families.rotate(seat.user.pk, family=ids.family, presented=ids.refresh, device="tests")
        is None
    )
    assert refused_quickly(seat.table, seat.token)


def test_the_family_that_makes_room_for_another_ends_its_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(families, "MAX_FAMILIES", 2)
    seat = Seat()
    first = token_of(seat.user).family
    execute("UPDATE session_players SET resume_family = %s", first)
    token_of(seat.user)
    assert not refused_quickly(seat.table, seat.token)
    known = set(durable().hkeys(families.families_key(seat.user.pk)))
    token_of(seat.user)
    gone = known - set(durable().hkeys(families.families_key(seat.user.pk)))
    assert refused_quickly(seat.table, seat.token) == (gone == {first})


# ---- Tickets ------------------------------------------------------------------------------------


def test_tickets_count_for_the_player_and_not_for_the_address(site: Site) -> None:
    table = Table(2)
    durable().set(rate_limits.key("api", "127.0.0.1"), 10**6, ex=60)
    bearers = [f"Bearer {start_family(user, 'tests')[0]}" for user in table.users]
    address = f"{site.url}/api/v1/game-sessions/{table.id}/ticket"

    def request(authorization: str) -> httpx.Response:
        return httpx.post(address, headers={"Authorization": authorization})

    assert request("Bearer nonsense").status_code == 429
    assert request("").status_code == 429
    first = request(bearers[0])
    limit = rate_limits.POLICIES["tickets"].limit
    assert first.status_code == 201
    assert first.headers["X-RateLimit-Limit"] == str(limit)
    key = rate_limits.key("tickets", str(table.users[0].pk))
    durable().set(key, limit, ex=60)
    assert request(bearers[0]).status_code == 429
    assert request(bearers[1]).status_code == 201
    assert tickets.TICKET_SECONDS == 30
