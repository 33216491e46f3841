"""The pages of tribes: what they show, to whom, and what their forms do."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from sessions_app.models import GameSession, SessionPlayer
from tests.support.factories import NOBODY, make_map, make_tribe, make_user
from tribes.bonuses import PRESETS
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Ravens",
    "archetype": "Aggressive",
    "damage": "5",
    "attack_speed": "3",
    "range": "2",
    "color": "#99C2FF",
    "own_color": "#ffffff",
}


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def sent(client: Client, url: str, **changes: Any) -> str:
    response = client.post(url, FORM | changes)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def value_of(shown: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]* value="([^"]*)"', shown)
    found = found or re.search(rf'<input[^>]* value="([^"]*)"[^>]*name="{name}"', shown)
    assert found, name
    return found[1]


def checked(shown: str, name: str) -> list[str]:
    inputs = re.findall(rf'<input[^>]*type="radio"[^>]*name="{name}"[^>]*>', shown)
    assert inputs
    return [m[1] for i in inputs if " checked" in i and (m := re.search('value="([^"]*)"', i))]


# ---- The list -----------------------------------------------------------------------------------


def test_the_page_without_tribes_offers_archetypes(signed_in: Client) -> None:
    shown = page(signed_in, "/tribes/")
    for archetype in PRESETS:
        assert f"/tribes/new/?archetype={archetype}" in shown
    assert 'href="/tribes/"' in shown  # in the header
    assert 'href="/tribes/"' not in page(Client(), "/maps/")


def test_the_page_shows_own_tribes_only(signed_in: Client, player: User, author: User) -> None:
    make_tribe(player, "Ravens <3")
    make_tribe(author, "Strangers")
    shown = page(signed_in, "/tribes/")
    assert "Ravens &lt;3" in shown
    assert "Strangers" not in shown
    assert "1 of 10" in shown
    assert "Attack speed: 6 of 10 points, 30% more" in shown
    assert 'fill="#FFD700"' in shown
    assert "archetypes.svg#Support" in shown


def test_ten_tribes_are_the_maximum(signed_in: Client, player: User) -> None:
    for n in range(10):
        make_tribe(player, f"Tribe {n}")
    shown = page(signed_in, "/tribes/")
    assert "10 of 10" in shown
    assert "/tribes/new/" not in shown
    full = page(signed_in, "/tribes/new/")
    assert "You already have 10 tribes, the maximum." in full
    assert 'id="tribe-editor"' not in full
    late = signed_in.post("/tribes/new/", {"name": "Late"}).content.decode()
    assert 'value="Late"' in late  # opened before: what was typed is not lost
    assert "You have used 10 of 10 tribes" in sent(signed_in, "/tribes/new/")
    assert Tribe.objects.count() == 10


def test_the_page_takes_a_fixed_number_of_queries(
    signed_in: Client, player: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(10):
        make_tribe(player, f"Tribe {n}")
    with django_assert_num_queries(3):  # session, user, tribes
        signed_in.get("/tribes/")


# ---- The editor ---------------------------------------------------------------------------------


def test_a_tribe_is_created(signed_in: Client, player: User) -> None:
    shown = page(signed_in, "/tribes/new/")
    assert [value_of(shown, n) for n in ("damage", "attack_speed", "range")] == ["4", "3", "3"]
    assert checked(shown, "archetype") == ["Balanced"]
    assert checked(shown, "color") == ["#FFD700"]
    response = signed_in.post("/tribes/new/", FORM, follow=True)
    assert response.redirect_chain == [("/tribes/", 302)]
    assert "“Ravens” is ready to play" in response.content.decode()
    tribe = Tribe.objects.get(user=player)
    facts = tribe.damage_bonus, tribe.attack_speed_bonus, tribe.range_bonus
    assert [str(bonus) for bonus in facts] == ["0.25", "0.15", "0.10"]
    assert (tribe.archetype, tribe.color_theme) == ("Aggressive", "#99C2FF")


@pytest.mark.parametrize("archetype", [*PRESETS, "Lazy", "%00"])
def test_the_editor_begins_with_a_chosen_archetype(signed_in: Client, archetype: str) -> None:
    shown = page(signed_in, f"/tribes/new/?archetype={archetype}")
    points = PRESETS.get(archetype, PRESETS["Balanced"])
    found = [value_of(shown, name) for name in ("damage", "attack_speed", "range")]
    assert found == [str(n) for n in points]


def test_the_preview_shows_the_gains(signed_in: Client, player: User) -> None:
    tribe = make_tribe(player, damage_bonus="0.25", attack_speed_bonus="0.15", range_bonus="0.10")
    shown = re.sub(r"<[^>]*>", " ", page(signed_in, f"/tribes/{tribe.pk}/"))
    shown = " ".join(shown.split())
    for words in (
        "Damage per hit 20.0 → becomes 25.0",
        "Damage per second 20.0 → becomes 28.8",
        "Range in tiles 2.50 → becomes 2.75",
        "All ten points are spent",
        "5 points · +25%",
    ):
        assert words in shown


def test_a_tribe_is_changed(signed_in: Client, player: User) -> None:
    tribe = make_tribe(player, color_theme="#abcdef")
    shown = page(signed_in, f"/tribes/{tribe.pk}/")
    assert checked(shown, "color") == ["own"]
    assert value_of(shown, "own_color") == "#ABCDEF"
    assert value_of(shown, "name") == "Ravens"
    response = signed_in.post(f"/tribes/{tribe.pk}/", FORM | {"name": "RAVENS", "color": "own"})
    assert response.headers["Location"] == "/tribes/"
    tribe.refresh_from_db()
    assert (tribe.name, tribe.color_theme) == ("RAVENS", "#FFFFFF")


@pytest.mark.parametrize(
    ("changes", "words", "place"),
    [
        ({"name": "  "}, "A name has 3 to 20 characters", "id_name_error"),
        ({"name": "a\0bc"}, "control character", "id_name_error"),
        ({"name": "owls"}, "You already have a tribe with this name", "id_name_error"),
        ({"damage": "6"}, "These are 11 points", "id_damage_error"),
        ({"range": "0"}, "spend 2 more", "id_range_error"),
        ({"damage": "4", "range": "3"}, "", ""),
        ({"damage": "11"}, "Damage takes 0 to 10 points", "id_damage_error"),
        ({"damage": "-1"}, "A bonus is a multiple of 0.05", "id_damage_error"),
        ({"damage": "5.5"}, "A bonus is a multiple of 0.05", "id_damage_error"),
        ({"damage": "²"}, "A bonus is a multiple of 0.05", "id_damage_error"),
        (
            {"attack_speed": "7", "range": "0", "damage": "3"},
            "takes 0 to 6",
            "id_attack_speed_error",
        ),
        ({"archetype": "Lazy"}, "An archetype is one of Aggressive", "id_archetype_error"),
        ({"color": "#000000"}, "contrast of 1.28:1", "id_color_error"),
        ({"color": "own", "own_color": "red"}, "# and six hexadecimal digits", "id_color_error"),
        ({"color": ""}, "# and six hexadecimal digits", "id_color_error"),
    ],
)
def test_the_form_shows_errors_at_their_fields(
    signed_in: Client, player: User, changes: dict[str, str], words: str, place: str
) -> None:
    make_tribe(player, "Owls")
    if not words:
        assert signed_in.post("/tribes/new/", FORM | changes).status_code == 302
        return
    shown = sent(signed_in, "/tribes/new/", **changes)
    reported = re.search(rf'id="{place}">(.*?)</div>', shown)
    assert reported
    assert words in reported[1]
    assert shown.count(place) >= 2  # the error is at its text
    assert Tribe.objects.count() == 1


def test_an_invalid_form_keeps_its_values(signed_in: Client) -> None:
    shown = sent(signed_in, "/tribes/new/", name="Ra", color="own", own_color="#ff8800", damage="4")
    assert value_of(shown, "name") == "Ra"
    assert [value_of(shown, n) for n in ("damage", "attack_speed", "range")] == ["4", "3", "2"]
    assert checked(shown, "archetype") == ["Aggressive"]
    assert checked(shown, "color") == ["own"]
    assert value_of(shown, "own_color") == "#FF8800"
    assert "1 point left to spend" in shown
    assert shown.count("field__errors") == 2


def test_an_empty_form_creates_no_tribe(signed_in: Client) -> None:
    assert signed_in.post("/tribes/new/").status_code == 200
    assert Tribe.objects.count() == 0


def test_an_archetype_is_chosen_without_javascript(signed_in: Client) -> None:
    shown = sent(signed_in, "/tribes/new/", archetype="Support", preset="yes")
    assert [value_of(shown, n) for n in ("damage", "attack_speed", "range")] == ["1", "6", "3"]
    assert value_of(shown, "name") == "Ravens"
    assert checked(shown, "color") == ["#99C2FF"]
    assert Tribe.objects.count() == 0


# ---- Onward -------------------------------------------------------------------------------------


def test_the_editor_returns_to_the_page_before(signed_in: Client) -> None:
    shown = page(signed_in, "/tribes/new/?next=/maps/%3Fq=a")
    assert value_of(shown, "next") == "/maps/?q=a"
    again = sent(signed_in, "/tribes/new/", name="x", next="/maps/?q=a")
    assert value_of(again, "next") == "/maps/?q=a"
    response = signed_in.post("/tribes/new/", FORM | {"next": "/maps/?q=a"})
    assert response.headers["Location"] == "/maps/?q=a"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "\0",
        " //x",
    ],
)
def test_the_editor_never_redirects_to_another_site(signed_in: Client, elsewhere: str) -> None:
    response = signed_in.post("/tribes/new/", FORM | {"next": elsewhere})
    assert response.headers["Location"] == "/tribes/"
    assert "evil" not in signed_in.get("/tribes/new/", {"next": elsewhere}).content.decode()


# ---- Deleting -----------------------------------------------------------------------------------


def test_deletion_asks_for_confirmation_and_can_be_undone(signed_in: Client, player: User) -> None:
    tribe = make_tribe(player, color_theme="#ABCDEF")
    url = f"/tribes/{tribe.pk}/delete"
    assert "Delete “<bdi>Ravens</bdi>”?" in page(signed_in, url)
    assert Tribe.objects.count() == 1
    shown = " ".join(signed_in.post(url, follow=True).content.decode().split())
    assert Tribe.objects.count() == 0
    assert "“<bdi>Ravens</bdi>” is deleted" in shown
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown))
    form.pop("csrfmiddlewaretoken", None)
    assert signed_in.post("/tribes/new/", form).status_code == 302
    back = Tribe.objects.get()
    same = "name archetype damage_bonus attack_speed_bonus range_bonus color_theme".split()
    tribe = make_tribe(make_user("Other"), color_theme="#ABCDEF")
    tribe.refresh_from_db()
    assert [getattr(back, f) for f in same] == [getattr(tribe, f) for f in same]
    assert "is deleted" not in page(signed_in, "/tribes/")  # offered once


def test_a_tribe_that_has_played_cannot_be_deleted(signed_in: Client, player: User) -> None:
    tribe = make_tribe(player)
    game = GameSession.objects.create(map=make_map(make_user("Author")), status="Completed")
    SessionPlayer.objects.create(session=game, user=player, tribe=tribe)
    url = f"/tribes/{tribe.pk}/delete"
    for shown in (page(signed_in, url), sent(signed_in, url)):
        assert "“Ravens” is part of a game, now or in the past" in shown
        assert "Delete tribe" not in shown
    assert Tribe.objects.count() == SessionPlayer.objects.count() == 1


def test_tribes_of_others_are_a_404(signed_in: Client, author: User) -> None:
    tribe = make_tribe(author)
    for key in (tribe.pk, NOBODY):
        for url in (f"/tribes/{key}/", f"/tribes/{key}/delete"):
            assert signed_in.get(url).status_code == signed_in.post(url, FORM).status_code == 404
    tribe.refresh_from_db()
    assert tribe.archetype == "Support"


def test_signed_out_players_are_sent_to_the_sign_in_page(client: Client, author: User) -> None:
    tribe = make_tribe(author)
    for url in ("/tribes/new/", f"/tribes/{tribe.pk}/", f"/tribes/{tribe.pk}/delete"):
        assert client.get(url).headers["Location"] == f"/login/?{urlencode({'next': url})}"
        kept = client.post(url, FORM)
        assert kept.status_code == 403
        assert FORM["name"] in kept.content.decode()
    assert Tribe.objects.count() == 1
