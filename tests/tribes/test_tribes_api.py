"""Tribes: the API, and simultaneous requests."""

import threading
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.db.constraints import save_with_unique_name
from config.kernel.errors import DomainError
from config.limits.quotas import QUOTAS
from sessions_app.models import GameSession, SessionPlayer
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_map, make_tribe, make_user
from tests.support.tribe_api import BASE, DAMAGE, RANGE, RAVENS, SPEED, call
from tribes import actions as tribe_actions
from tribes.actions import change_tribe, create_tribe
from tribes.bonuses import PRESETS, bonus_of
from tribes.models import Tribe

pytestmark = pytest.mark.django_db


def code(response: Any) -> tuple[int, str, str | None]:
    error = response.json()["errors"][0]
    return response.status_code, error["code"], error["attr"]


def seat(tribe: Tribe, status: str = "Lobby") -> None:
    game = GameSession.objects.create(map=make_map(make_user("Author")), status=status)
    SessionPlayer.objects.create(session=game, user=tribe.user, tribe=tribe)


# ---- By API -------------------------------------------------------------------------------------


def test_a_tribe_is_created_changed_and_deleted(player: User) -> None:
    made = call(player, "post", "", {"name": "  Ravens ", "archetype": "Aggressive"})
    assert made.status_code == 201
    facts = made.json()
    assert made["Location"] == f"{BASE}/{facts['id']}"
    assert (
        list(facts)
        == "id name archetype damage_bonus attack_speed_bonus range_bonus color_theme created_at".split()
    )
    reported = {"name": "Ravens", DAMAGE: 0.35, SPEED: 0.1, RANGE: 0.05, "color_theme": "#FFD700"}
    assert facts.items() >= reported.items()
    assert b'"damage_bonus":0.35' in made.content  # a number, no string
    one = f"/{facts['id']}"
    assert call(player, "get", one).json() == facts
    assert call(player, "get").json() == {"results": [facts]}
    changed = call(player, "patch", one, {DAMAGE: 0.25, SPEED: 0.2, "color_theme": "#99c2ff"})
    assert changed.status_code == 200
    assert changed.json() == facts | {DAMAGE: 0.25, SPEED: 0.2, "color_theme": "#99C2FF"}
    assert call(player, "get", one).json() == changed.json()
    assert call(player, "delete", one).status_code == 204
    assert call(player, "get", one).status_code == 404
    assert call(player, "delete", one).status_code == 404


@pytest.mark.parametrize("archetype", PRESETS)
def test_a_tribe_without_bonuses_gets_those_of_its_archetype(player: User, archetype: str) -> None:
    facts = call(player, "post", "", {"name": "Ravens", "archetype": archetype}).json()
    assert [facts[f] for f in (DAMAGE, SPEED, RANGE)] == [
        float(bonus_of(n)) for n in PRESETS[archetype]
    ]


def test_given_bonuses_replace_those_of_the_archetype(player: User) -> None:
    facts = call(player, "post", "", RAVENS | {DAMAGE: 0.5}).json()
    assert [facts[f] for f in (DAMAGE, SPEED, RANGE)] == [0.5, 0, 0]
    whole = call(player, "post", "", RAVENS | {"name": "Owls", DAMAGE: 0.5, SPEED: 0, RANGE: 0})
    assert whole.status_code == 201


def test_another_archetype_leaves_bonuses_as_they_are(player: User) -> None:
    tribe = make_tribe(player)
    facts = call(player, "patch", f"/{tribe.pk}", {"archetype": "Balanced"}).json()
    assert (facts["archetype"], facts[DAMAGE], facts[SPEED]) == ("Balanced", 0.05, 0.3)


@pytest.mark.parametrize(
    ("bonuses", "wrong", "field"),
    [
        ({DAMAGE: 0.26, SPEED: 0.24}, "bonus_step", DAMAGE),
        ({DAMAGE: "0.25", SPEED: 0.25}, "bonus_step", DAMAGE),
        ({DAMAGE: 0.5, SPEED: True}, "bonus_step", SPEED),
        ({DAMAGE: 0.5, RANGE: []}, "bonus_step", RANGE),
        ({DAMAGE: 7, SPEED: 2, RANGE: 1}, "bonus_step", DAMAGE),
        ({DAMAGE: 10**30}, "bonus_step", DAMAGE),
        ({DAMAGE: None}, "null", DAMAGE),
        ({DAMAGE: 0.6, SPEED: -0.1}, "bonus_range", DAMAGE),
        ({DAMAGE: 0.55}, "bonus_range", DAMAGE),
        ({DAMAGE: 0.15, SPEED: 0.35}, "bonus_range", SPEED),
        ({DAMAGE: 0.25, RANGE: 0.25}, "bonus_range", RANGE),
        ({DAMAGE: -0.05, SPEED: 0.3, RANGE: 0.2}, "bonus_range", DAMAGE),
        ({DAMAGE: 0.3, SPEED: 0.1, RANGE: 0.05}, "bonus_sum", RANGE),
        ({DAMAGE: 0.49}, "bonus_step", DAMAGE),
        ({DAMAGE: 0.4, SPEED: 0.15}, "bonus_sum", DAMAGE),
        ({DAMAGE: 0}, "bonus_sum", DAMAGE),
    ],
)
def test_invalid_bonuses_are_refused(
    player: User, bonuses: dict[str, Any], wrong: str, field: str
) -> None:
    tribe = make_tribe(player, "Owls")
    zeros = {DAMAGE: 0, SPEED: 0, RANGE: 0}
    assert code(call(player, "post", "", RAVENS | bonuses)) == (400, wrong, field)
    assert code(call(player, "patch", f"/{tribe.pk}", zeros | bonuses)) == (400, wrong, field)
    assert Tribe.objects.get().range_bonus == bonus_of(3)


def test_a_changed_bonus_is_checked_with_the_others(player: User) -> None:
    tribe = make_tribe(player)
    response = call(player, "patch", f"/{tribe.pk}", {DAMAGE: 0.1})
    assert code(response) == (400, "bonus_sum", SPEED)
    assert "11 points" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("  ab  ", "name_length"),
        ("x" * 21, "name_length"),
        ("two\nlines", "control_character"),
        ("Raven\u202eevil", "bidirectional_character"),
        ("\u200b\u200b\u200b", "invisible_character"),
        ("\u2800\u2800\u2800", "name_blank"),
        ("A" + "\u0301" * 9, "too_many_marks"),
        (7, "invalid"),
        (None, "null"),
    ],
)
def test_invalid_names_are_refused(player: User, name: Any, wrong: str) -> None:
    assert code(call(player, "post", "", RAVENS | {"name": name})) == (400, wrong, "name")


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("archetype", "support", "archetype"),
        ("archetype", ["Support"], "archetype"),
        ("archetype", None, "null"),
        ("color_theme", "gold", "color_format"),
        ("color_theme", "#102030", "color_contrast"),
        ("color_theme", 7, "color_format"),
    ],
)
def test_other_invalid_fields_are_refused(player: User, field: str, value: Any, wrong: str) -> None:
    assert code(call(player, "post", "", RAVENS | {field: value})) == (400, wrong, field)
    tribe = make_tribe(player)
    assert code(call(player, "patch", f"/{tribe.pk}", {field: value})) == (400, wrong, field)


def test_all_errors_are_reported_at_once(player: User) -> None:
    body = {"name": "x", "archetype": "Lazy", DAMAGE: "1", RANGE: 0.3, "color_theme": "#000000"}
    errors = call(player, "post", "", body).json()["errors"]
    assert [e["attr"] for e in errors] == ["name", "archetype", "color_theme", DAMAGE]
    assert "contrast of 1." in errors[2]["detail"]
    empty = call(player, "post", "", {}).json()["errors"]
    assert [e["attr"] for e in empty] == ["name", "archetype"]


@pytest.mark.parametrize("body", ["[]", "4", "null", "{", '{"damage_bonus": NaN}', "{}"])
def test_bodies_that_are_no_tribe_are_refused(player: User, body: str) -> None:
    assert call(player, "post", "", body).status_code == 400
    assert Tribe.objects.count() == 0


def test_a_wrong_content_type_is_refused(player: User) -> None:
    response = Client().post(BASE, "a=b", content_type="text/plain", headers=bearer(player))
    assert response.status_code == 415


def test_names_are_unique_for_each_owner_ignoring_case(player: User, author: User) -> None:
    tribe = make_tribe(player)
    assert code(call(player, "post", "", RAVENS | {"name": "RAVENS"})) == (
        409,
        "name_taken",
        "name",
    )
    assert call(author, "post", "", RAVENS).status_code == 201
    other = make_tribe(player, "Owls")
    assert code(call(player, "patch", f"/{other.pk}", {"name": "ravens"}))[1] == "name_taken"
    assert call(player, "patch", f"/{tribe.pk}", {"name": "RAVENS"}).status_code == 200


def test_tribes_of_others_are_a_404(player: User, author: User) -> None:
    tribe = make_tribe(author)
    for one in (f"/{tribe.pk}", f"/{NOBODY}"):
        asked = [
            call(player, "get", one),
            call(player, "patch", one, {}),
            call(player, "delete", one),
        ]
        assert {response.status_code for response in asked} == {404}
    assert call(player, "get").json() == {"results": []}
    assert {call(None, m).status_code for m in ("get", "post")} == {401}


def test_the_etag_changes_with_the_tribe(player: User) -> None:
    tribe = make_tribe(player)
    headers = bearer(player)
    first = Client().get(f"{BASE}/{tribe.pk}", headers=headers)
    known = headers | {"If-None-Match": first["ETag"]}
    again = Client().get(f"{BASE}/{tribe.pk}", headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    change_tribe(player=player, tribe_id=tribe.pk, given={"color_theme": "#99C2FF"})
    assert Client().get(f"{BASE}/{tribe.pk}", headers=known).status_code == 200


@pytest.mark.parametrize("status", ["Lobby", "Completed"])
def test_a_tribe_that_has_played_cannot_be_deleted(player: User, status: str) -> None:
    tribe, other = make_tribe(player), make_tribe(player, "Owls")
    seat(tribe, status)
    response = call(player, "delete", f"/{tribe.pk}")
    assert code(response) == (409, "tribe_has_played", None)
    assert "“Ravens” is part of a game" in response.json()["errors"][0]["detail"]
    assert SessionPlayer.objects.count() == 1
    assert call(player, "patch", f"/{tribe.pk}", {"name": "Old ravens"}).status_code == 200
    assert call(player, "delete", f"/{other.pk}").status_code == 204


def test_a_player_has_at_most_ten_tribes(player: User) -> None:
    assert QUOTAS["tribes"].limit == 10
    for n in range(10):
        make_tribe(player, f"Tribe {n}")
    response = call(player, "post", "", RAVENS)
    assert code(response) == (409, "quota_reached", None)
    assert "10 of 10 tribes" in response.json()["errors"][0]["detail"]


def test_reading_takes_a_fixed_number_of_queries(
    player: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tribe, headers = make_tribe(player), bearer(player)
    for address in (BASE, f"{BASE}/{tribe.pk}"):
        with django_assert_num_queries(2):  # the owner, and the id
            Client().get(address, headers=headers)


# ---- Many threads -------------------------------------------------------------------------------


def create_simultaneously(threads: int) -> list[str]:
    """Returns the results of simultaneous creations of tribes by a player who has nine."""
    player = make_user("Clicker")
    for n in range(9):
        make_tribe(player, f"Tribe {n}")

    def work(hand: int) -> str:
        try:
            create_tribe(player=player, given=RAVENS | {"name": f"Ravens {hand}"})
        except DomainError as refusal:
            return refusal.code
        return "made"

    return sorted(at_once(threads, work))


@pytest.mark.django_db(transaction=True)
def test_only_one_of_twelve_simultaneous_tribes_fits() -> None:
    assert create_simultaneously(12) == ["made"] + ["quota_reached"] * 11
    assert Tribe.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_too_many_are_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests count before one writes, which shows that the test above can fail."""
    counted, save = threading.Barrier(12), save_with_unique_name

    def save_when_all_have_counted(tribe: Tribe, kind: str) -> None:
        counted.wait(10)
        save(tribe, kind)

    monkeypatch.setattr(tribe_actions, "lock_player", lambda player: None)
    monkeypatch.setattr(tribe_actions, "save_with_unique_name", save_when_all_have_counted)
    assert create_simultaneously(12) == ["made"] * 12
    assert Tribe.objects.count() == 21


@pytest.mark.django_db(transaction=True)
def test_only_one_of_twelve_simultaneous_tribes_gets_the_name() -> None:
    player = make_user("Clicker")

    def work(_: int) -> str:
        try:
            create_tribe(player=player, given=RAVENS)
        except DomainError as refusal:
            return refusal.code
        return "made"

    assert sorted(at_once(12, work)) == ["made"] + ["name_taken"] * 11


@pytest.mark.django_db(transaction=True)
def test_simultaneous_changes_of_one_tribe_keep_ten_points() -> None:
    """Each takes a point from where the other adds one. The total must stay ten."""
    player = make_user("Clicker")
    tribe = make_tribe(player)
    wanted = [{DAMAGE: 0.1, RANGE: 0.1}, {SPEED: 0.25, RANGE: 0.2}]

    def work(hand: int) -> str:
        try:
            change_tribe(player=player, tribe_id=tribe.pk, given=wanted[hand % 2])
        except DomainError as refusal:
            return refusal.code
        return "changed"

    assert set(at_once(8, work)) <= {"changed", "bonus_sum"}
    tribe.refresh_from_db()
    assert tribe.damage_bonus + tribe.attack_speed_bonus + tribe.range_bonus == bonus_of(10)
