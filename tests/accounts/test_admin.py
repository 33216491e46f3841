"""The admin of moderators: permissions, contents and numbers of queries."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user
from django.core import mail
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.devices import actions as device_actions
from accounts.models import User, UserDecision
from accounts.moderation.actions import Action, require_not_suspended
from accounts.moderation.actions import decide as decide_player
from accounts.tokens import families
from accounts.tokens.actions import start_family
from config.kernel.errors import DomainError
from config.limits import rate_limits
from maps.admin import MapTextForm
from maps.feedback.actions import rate_map
from maps.models import GameMap, MapDecision
from maps.moderation.actions import decide
from sessions_app.models import GameSession, SessionPlayer
from tests.support.api import bearer, login
from tests.support.factories import PASSWORD, make_map, make_tribe, make_user
from tests.support.redis import redis_away
from tests.support.task_queue import run_tasks

pytestmark = pytest.mark.django_db
MAPS = "/admin/maps/gamemap/"
USERS = "/admin/accounts/user/"
HIDE = MapDecision.Action.HIDE
RESTORE = MapDecision.Action.RESTORE


@pytest.fixture
def moderator_client(client: Client, moderator: User) -> Client:
    client.force_login(moderator)
    return client


@pytest.fixture
def administrator_client(client: Client, db: None) -> Client:
    client.force_login(make_user("Chief", is_staff=True, is_superuser=True))
    return client


def act(client: Client, url: str, action: str, *rows: Any, **more: str) -> Any:
    body = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return client.post(url, body, follow=True)


def test_players_can_not_open_the_admin(signed_in: Client) -> None:
    assert signed_in.get("/admin/").headers["Location"].startswith("/admin/login/")


# ---- Maps ---------------------------------------------------------------------------------------


def test_hiding_requires_a_reason(
    moderator_client: Client, game_map: GameMap, moderator: User
) -> None:
    page = act(moderator_client, MAPS, "hide", game_map).content.decode()
    assert "Hide maps" in page
    assert game_map.card_picture in page
    for nothing in ("", "   "):
        page = act(
            moderator_client, MAPS, "hide", game_map, decide="1", reason=nothing
        ).content.decode()
        assert "This field is required" in page
    assert GameMap.objects.published().exists()
    page = act(
        moderator_client, MAPS, "hide", game_map, decide="1", reason="Stolen."
    ).content.decode()
    assert "1 map hidden." in page
    decision = game_map.decisions.get()
    assert (decision.moderator, decision.action, decision.reason) == (moderator, "hide", "Stolen.")
    assert not GameMap.objects.published().exists()
    assert "Stolen." in moderator_client.get(f"{MAPS}{game_map.pk}/change/").content.decode()
    assert "Stolen." in moderator_client.get(f"{MAPS}{game_map.pk}/history/").content.decode()


WRONG_WORDS = [
    ("name", "abc\u202edef", "changes the direction of text"),
    ("name", "ab", "A name has 3 to 100 characters."),
    ("name", "\u3164\u3164\u3164", "U+3164 (hangul filler), which is invisible"),
    ("name", "\u2800\u2800\u2800", "needs a visible character"),
    ("name", "A" + "\u0301" * 9, "at most 4 accents"),
    ("description", "abc\u202edef", "changes the direction of text"),
    ("description", "x" * 5001, "A description has up to 5,000 characters."),
]


@pytest.mark.parametrize(("field", "value", "reported"), WRONG_WORDS)
def test_map_texts_are_checked_in_the_admin(
    administrator_client: Client, game_map: GameMap, field: str, value: str, reported: str
) -> None:
    body = {"name": game_map.name, "description": ""} | {field: value}
    body |= {f"decisions-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    response = administrator_client.post(f"{MAPS}{game_map.pk}/change/", body)
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert reported in str(errors)
    body[field] = " A good one "
    assert administrator_client.post(f"{MAPS}{game_map.pk}/change/", body).status_code == 302
    game_map.refresh_from_db()
    assert getattr(game_map, field) == "A good one"


def test_tribe_texts_are_checked_in_the_admin(administrator_client: Client, player: User) -> None:
    tribe = make_tribe(player)
    body = {
        "user": player.pk,
        "name": tribe.name,
        "archetype": tribe.archetype,
        "damage_bonus": "0.05",
        "attack_speed_bonus": "0.30",
        "range_bonus": "0.15",
        "color_theme": tribe.color_theme,
        "created_at_0": "2026-11-01",
        "created_at_1": "12:00",
    }
    address = f"/admin/tribes/tribe/{tribe.pk}/change/"
    for field, value in (("name", "a\u202ebc"), ("name", "ab"), ("color_theme", "red")):
        response = administrator_client.post(address, body | {field: value})
        errors = response.context["adminform"].form.errors
        assert list(errors) == [field]
        assert "violated" not in str(errors)
    assert administrator_client.post(address, body | {"name": "Owls"}).status_code == 302
    tribe.refresh_from_db()
    assert tribe.name == "Owls"


def test_maps_are_restored_in_bulk(moderator_client: Client, author: User, moderator: User) -> None:
    maps = [make_map(author, f"Ford {n}") for n in range(3)]
    for game_map in maps[:2]:
        decide(moderator=moderator, map_id=game_map.pk, action=HIDE, reason="Stolen.")
    page = act(
        moderator_client, MAPS, "restore", *maps, decide="1", reason="Cleared up."
    ).content.decode()
    assert "2 maps restored. 1 unchanged." in page
    assert GameMap.objects.published().count() == 3
    assert MapDecision.objects.filter(action="restore").count() == 2
    assert LogEntry.objects.count() == 2  # no evidence of what did not happen


def test_rules_of_decisions_about_maps(author: User, player: User, moderator: User) -> None:
    game_map = make_map(author)
    of_staff = make_map(make_user("Staffer", is_staff=True))
    refused: list[tuple[User, GameMap, str, str]] = [
        (player, game_map, "Because.", "permission_denied"),
        (author, game_map, "Because.", "permission_denied"),
        (moderator, game_map, " ", "invalid_reason"),
        (moderator, game_map, "x" * 501, "invalid_reason"),
        (moderator, of_staff, "Because.", "staff_map"),
    ]
    for who, which, reason, code in refused:
        with pytest.raises(DomainError) as refusal:
            decide(moderator=who, map_id=which.pk, action=HIDE, reason=reason)
        assert refusal.value.code == code
    administrator = make_user("Chief", is_staff=True, is_superuser=True)
    decide(moderator=administrator, map_id=of_staff.pk, action=HIDE, reason="Because.")
    decide(moderator=administrator, map_id=of_staff.pk, action=HIDE, reason="Again.")
    assert MapDecision.objects.count() == 1


def test_the_number_of_maps_in_one_decision_is_limited(
    moderator_client: Client, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maps.admin.MAX_DECISIONS_AT_ONCE", 2)
    maps = [make_map(author, f"Ford {n}") for n in range(3)]
    page = act(
        moderator_client, MAPS, "hide", *maps, decide="1", reason="All of them."
    ).content.decode()
    assert "Select at most 2 maps at once." in page
    assert GameMap.objects.published().count() == 3


def test_bulk_decisions_skip_maps_of_staff(moderator_client: Client, game_map: GameMap) -> None:
    of_staff = make_map(make_user("Staffer", is_staff=True), "Official Ford")
    page = act(
        moderator_client, MAPS, "hide", game_map, of_staff, decide="1", reason="Both."
    ).content.decode()
    assert "1 map hidden." in page
    assert "Official Ford: Only administrators" in page


def test_moderators_can_not_edit_maps(moderator_client: Client, game_map: GameMap) -> None:
    url = f"{MAPS}{game_map.pk}/"
    assert b'name="_save"' not in moderator_client.get(url + "change/").content
    assert moderator_client.post(url + "change/", {"name": "Mine now"}).status_code == 403
    assert moderator_client.post(url + "delete/", {"post": "yes"}).status_code == 403
    assert moderator_client.get(MAPS + "add/").status_code == 403
    for elsewhere in ("tribes/tribe/", "sessions_app/gamesession/", "auth/group/"):
        assert moderator_client.get(f"/admin/{elsewhere}").status_code == 403


def test_admin_shows_terrain_as_a_picture(administrator_client: Client, game_map: GameMap) -> None:
    page = administrator_client.get(f"{MAPS}{game_map.pk}/change/").content.decode()
    assert game_map.page_picture in page
    assert "terrainType" not in page


def test_administrators_edit_texts_and_delete_maps(
    administrator_client: Client, game_map: GameMap
) -> None:
    inline = {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    administrator_client.post(
        f"{MAPS}{game_map.pk}/change/", inline | {"name": "Better Ford", "description": ""}
    )
    game_map.refresh_from_db()
    assert game_map.name == "Better Ford"
    game = GameSession.objects.create(map=game_map)
    delete = f"{MAPS}{game_map.pk}/delete/"
    assert (
        b"would require deleting the following protected"
        in administrator_client.post(delete).content
    )
    game.delete()
    administrator_client.post(delete, {"post": "yes"})
    assert not GameMap.objects.exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "public private hidden"),
        ("?state=public", "public"),
        ("?state=private", "private"),
        ("?state=hidden", "hidden"),
        ("?q=hidd", "hidden"),
        ("?q=author", "public private hidden"),
        ("?q=nobody", ""),
    ],
)
def test_map_list_filters_and_searches(
    moderator_client: Client, author: User, query: str, found: str
) -> None:
    make_map(author, "public")
    make_map(author, "private", is_public=False)
    make_map(author, "hidden", hidden_at="2026-01-01T00:00Z")
    response = moderator_client.get(MAPS + query)
    assert {m.name for m in response.context["cl"].queryset} == set(found.split())


def test_admin_lists_need_few_queries(
    moderator_client: Client, author: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The number of queries does not grow with the rows, and none of them reads terrain."""
    for rows in (1, 20):
        for n in range(rows):
            make_map(make_user(f"Author{rows}x{n}"), f"Ford {n}")
        # Session, user, two of permissions, count, page.
        with django_assert_num_queries(6) as queries:
            moderator_client.get(MAPS)
        assert "terrain_data" not in str(queries.captured_queries)
        # And the groups to filter by.
        with django_assert_num_queries(7):
            moderator_client.get(USERS)


def test_administrators_see_the_other_lists(
    administrator_client: Client,
    game_map: GameMap,
    player: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    tribe = make_tribe(player)
    seat = SessionPlayer.objects.create(
        session=GameSession.objects.create(map=game_map), user=player, tribe=tribe
    )
    with django_assert_num_queries(4):
        assert b"Ravens" in administrator_client.get("/admin/tribes/tribe/").content
    with django_assert_num_queries(4):
        assert b"Quiet Ford" in administrator_client.get("/admin/sessions_app/gamesession/").content
    page = administrator_client.get(
        f"/admin/sessions_app/gamesession/{seat.session_id}/change/"
    ).content
    assert b"Player1" in page
    assert administrator_client.get("/admin/sessions_app/gamesession/add/").status_code == 403
    assert administrator_client.get("/admin/").status_code == 200


# ---- Players ------------------------------------------------------------------------------------


def test_players_are_banned_with_a_reason(
    moderator_client: Client, player: User, author: User, moderator: User
) -> None:
    selected = (player, author, moderator)
    page = act(moderator_client, USERS, "ban", *selected).content.decode()
    assert "Players to be banned" in page
    page = act(moderator_client, USERS, "ban", *selected, decide="1", reason=" ").content.decode()
    assert "This field is required" in page
    page = act(
        moderator_client, USERS, "ban", *selected, decide="1", reason="Abuse."
    ).content.decode()
    assert "2 of 3 players: banned. 1 unchanged" in page
    assert set(User.objects.filter(is_active=False)) == {player, author}
    assert "Abuse." in moderator_client.get(f"{USERS}{player.pk}/change/").content.decode()
    page = act(
        moderator_client, USERS, "unban", player, decide="1", reason="Sorry."
    ).content.decode()
    assert "1 of 1 players: unbanned." in page
    player.refresh_from_db()
    assert player.is_active


def test_only_decisions_close_accounts(administrator_client: Client, player: User) -> None:
    """A box in the form would be a ban without a reason."""
    url = f"{USERS}{player.pk}/change/"
    form = administrator_client.get(url).context["adminform"].form
    inline = {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    body = {"username": "Player7", "email": player.email, "level": 1, "total_games_played": 0}
    assert administrator_client.post(url, inline | body).status_code == 302
    player.refresh_from_db()
    assert (player.username, player.is_active) == ("Player7", True)
    assert "is_active" not in form.fields


def test_a_suspended_player_cannot_rate(
    moderator_client: Client, player: User, game_map: GameMap, moderator: User
) -> None:
    past = act(
        moderator_client,
        USERS,
        "suspend_rating",
        player,
        decide="1",
        reason="Spite.",
        until="2020-01-01T00:00",
    )
    assert "Give a date in the future." in past.content.decode()
    none = act(moderator_client, USERS, "suspend_rating", player, decide="1", reason="Spite.")
    assert "This field is required" in none.content.decode()
    act(
        moderator_client,
        USERS,
        "suspend_rating",
        player,
        decide="1",
        reason="Spite.",
        until="2999-01-01T00:00",
    )
    player.refresh_from_db()
    with pytest.raises(DomainError) as refusal:
        rate_map(player=player, map_id=game_map.pk, stars=1)
    assert refusal.value.code == "suspended"
    require_not_suspended(player, "publishing")
    own = Client()
    own.force_login(player)
    assert "Spite." in own.get("/account/").content.decode()
    response = own.post(f"/maps/{game_map.pk}/rating", {"stars": "5"}, follow=True)
    assert b"suspended you from rating until 01 January 2999" in response.content
    act(moderator_client, USERS, "lift_rating", player, decide="1", reason="Enough.")
    player.refresh_from_db()
    assert rate_map(player=player, map_id=game_map.pk, stars=1).rating == 1
    User.objects.update(publishing_suspended_until="2020-01-01T00:00Z")
    player.refresh_from_db()
    require_not_suspended(player, "publishing")  # it is over


def test_ban_ends_sessions_and_tokens_at_once(moderator_client: Client, player: User) -> None:
    browser, headers = Client(), bearer(player)
    browser.force_login(player)
    act(moderator_client, USERS, "ban", player, decide="1", reason="Abuse.")
    assert browser.get("/account/").status_code == 302
    assert browser.get("/api/v1/users/me", headers=headers).status_code == 401


def test_right_password_shows_the_reason_of_a_ban(
    client: Client, player: User, moderator: User
) -> None:
    everybody = User.objects.filter(pk=player.pk)

    def by_page(password: str) -> str:
        response = client.post("/login/", {"username": "Player1", "password": password})
        assert not get_user(client).is_authenticated
        return str(response.content.decode())

    def by_api(password: str) -> str:
        response = login(client, password=password)
        expected = (403, "banned") if password == PASSWORD else (401, "invalid_credentials")
        error = response.json()["errors"][0]
        assert (response.status_code, error["code"]) == expected
        return str(error["detail"])

    decide_player(moderator=moderator, players=everybody, action=Action.BAN, reason="Insults.")
    for way in (by_page, by_api):
        for _ in range(6):  # the right password is not counted as a wrong one
            rate_limits.reset_count("login", "127.0.0.1")
            reported = way(PASSWORD)
            assert "until a moderator unbans it. The reason: Insults." in reported
        rate_limits.reset_count("login", "127.0.0.1")
        assert "banned" not in way("wrong")
    decide_player(moderator=moderator, players=everybody, action=Action.UNBAN, reason="Sorry.")
    User.objects.filter(pk=player.pk).update(is_active=False)  # typed in psql, without a reason
    assert "until an administrator opens it again" in by_api(PASSWORD)


def ban_and_unban(moderator_client: Client, player: User) -> None:
    for action in ("ban", "unban"):
        act(moderator_client, USERS, action, player, decide="1", reason="Abuse.")


def ban_and_unban_without_redis(moderator_client: Client, player: User) -> None:
    with redis_away():
        ban_and_unban(moderator_client, player)
    assert families.list_families(player.pk)  # still there, and of no use


def ban_and_unban_in_psql(moderator_client: Client, player: User) -> None:
    for active in (False, True):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE users SET is_active = %s WHERE id = %s", [active, player.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [ban_and_unban, ban_and_unban_without_redis, ban_and_unban_in_psql])
def test_sign_ins_ended_by_a_ban_stay_ended(
    moderator_client: Client, player: User, way: Any
) -> None:
    browser, (access, refresh) = Client(), start_family(player, "game")
    browser.force_login(player)
    way(moderator_client, player)
    assert User.objects.get(pk=player.pk).is_active
    old = {"Authorization": f"Bearer {access}"}
    assert browser.get("/account/").status_code == 302
    assert browser.get("/api/v1/users/me", headers=old).status_code == 401
    body = {"refresh": refresh}
    assert browser.post("/api/v1/auth/refresh", body, "application/json").status_code == 401
    credentials = {"username": "Player1", "password": PASSWORD}
    browser.post("/login/", credentials)
    assert browser.get("/account/").status_code == 200
    pair = browser.post("/api/v1/auth/login", credentials, "application/json").json()
    new = {"Authorization": f"Bearer {pair['access']}"}
    assert browser.get("/api/v1/users/me", headers=new).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_ban_deletes_all_devices(moderator_client: Client, player: User) -> None:
    Client().force_login(player)
    start_family(player, "game")
    assert len(device_actions.list_devices(player, current=None)) == 2
    act(moderator_client, USERS, "ban", player, decide="1", reason="Abuse.")
    assert device_actions.list_devices(player, current=None) == []


def test_only_closing_an_account_is_counted(player: User) -> None:
    stale = User.objects.get()
    counts = []
    for active in (True, False, False, True, False):
        User.objects.update(is_active=active)
        counts.append(User.objects.get().times_closed)
    assert counts == [0, 1, 1, 1, 2]
    stale.save()  # which says nought, and that it is open
    assert User.objects.get().times_closed == 2


def test_rules_of_decisions_about_players(player: User, moderator: User) -> None:
    administrator = make_user("Chief", is_staff=True, is_superuser=True)
    everybody, ban = User.objects.all(), UserDecision.Action.BAN
    for who, reason, code in (
        (player, "Because.", "permission_denied"),
        (moderator, "", "invalid_reason"),
        (moderator, "x" * 501, "invalid_reason"),
    ):
        with pytest.raises(DomainError) as refusal:
            decide_player(moderator=who, players=everybody, action=ban, reason=reason)
        assert refusal.value.code == code
    done = decide_player(moderator=moderator, players=everybody, action=ban, reason="Because.")
    assert done == [player]
    done = decide_player(moderator=administrator, players=everybody, action=ban, reason="Because.")
    assert done == [moderator]
    assert UserDecision.objects.count() == 2


def test_only_administrators_see_email_addresses(moderator_client: Client, player: User) -> None:
    page = moderator_client.get(f"{USERS}{player.pk}/change/").content.decode()
    assert "Player1" in page
    assert "player1@example.com" not in page
    assert not moderator_client.get(USERS + "?q=player1@example").context["cl"].queryset.exists()
    assert moderator_client.get(USERS + "?q=player1").context["cl"].queryset.exists()
    for spying in ("email__istartswith=p", "last_login__isnull=1", "password__contains=a"):
        assert moderator_client.get(f"{USERS}?{spying}").status_code == 400


def test_invalid_map_name_shows_at_its_field(
    administrator_client: Client, game_map: GameMap
) -> None:
    inline = {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    response = administrator_client.post(f"{MAPS}{game_map.pk}/change/", inline | {"name": "ab"})
    assert "name" in response.context["adminform"].form.errors


def test_saving_a_form_keeps_concurrent_changes(
    administrator_client: Client, game_map: GameMap, player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form's row is read before its fields are checked, and saved after that."""
    clean = MapTextForm.clean

    def meanwhile(form: Any) -> Any:
        rate_map(player=player, map_id=game_map.pk, stars=4)
        GameMap.objects.update(hidden_at=Now(), play_count=9)
        return clean(form)

    monkeypatch.setattr(MapTextForm, "clean", meanwhile)
    inline = {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    administrator_client.post(f"{MAPS}{game_map.pk}/change/", inline | {"name": "Better Ford"})
    game_map.refresh_from_db()
    assert (game_map.name, game_map.rating_count, game_map.play_count) == ("Better Ford", 1, 9)
    assert game_map.hidden_at


@pytest.mark.parametrize(
    ("path", "status"),
    [("/admin/r/1/1/", 400), ("/admin/r/x/1/", 404), (MAPS + "%00/change/", 302)],
)
def test_meaningless_admin_addresses_are_rejected(
    administrator_client: Client, path: str, status: int
) -> None:
    assert administrator_client.get(path).status_code == status


@pytest.mark.parametrize("row", ["notuuid", "\0", "1"])
def test_impossible_row_ids_are_not_found(administrator_client: Client, row: str) -> None:
    body = {"action": "ban", "_selected_action": row}
    assert administrator_client.post(USERS, body).status_code == 400


def test_address_changed_by_an_administrator_is_unverified(
    administrator_client: Client, player: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    User.objects.filter(pk=player.pk).update(email_verified_at=Now(), total_games_played=3)
    form = administrator_client.get(f"{USERS}{player.pk}/change/").context["adminform"].form.initial
    inline = {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    body = {name: form[name] for name in ("username", "level", "total_games_played")}
    administrator_client.post(
        f"{USERS}{player.pk}/change/", inline | body | {"email": "new@example.com"}
    )
    player.refresh_from_db()
    assert (player.email, player.email_verified_at) == ("new@example.com", None)
    run_tasks()
    assert sorted(email.to for email in mail.outbox) == [
        ["new@example.com"],
        ["player1@example.com"],
    ]


def test_staff_sign_in_with_long_addresses(client: Client, db: None) -> None:
    make_user("Chief", is_staff=True)
    User.objects.update(email="x" * 60 + "@example.com")
    page = client.get("/admin/login/").content.decode()
    assert 'maxlength="255"' in page
    credentials = {"username": "x" * 60 + "@example.com", "password": PASSWORD}
    assert client.post("/admin/login/?next=/admin/", credentials).status_code == 302


def test_administrators_add_players(administrator_client: Client) -> None:
    assert b'name="email"' in administrator_client.get(USERS + "add/").content
    secret = "another long sentence"
    body = {"username": "Newbie", "email": "new@example.com", "usable_password": "true"}
    administrator_client.post(USERS + "add/", body | {"password1": secret, "password2": secret})
    player = User.objects.get(username="Newbie")
    page = administrator_client.get(f"{USERS}{player.pk}/change/").content.decode()
    assert "new@example.com" in page
