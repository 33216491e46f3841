"""The pages of maps: what they show, to whom, and how many queries they take."""

from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from maps.collections import actions as collection_actions
from maps.models import GameMap, MapDecision
from maps.moderation.actions import decide
from maps.previews import preview_files
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_map, make_user
from tests.support.live_site import Site
from tests.support.task_queue import get_drawn

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def text(client: Client, url: str, **options: Any) -> str:
    response = client.get(url, **options)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def many(author: User) -> list[GameMap]:
    return [make_map(author, f"Map number {n:02}", play_count=n) for n in range(30)]


# ---- Browse -------------------------------------------------------------------------------------


def test_the_home_page_redirects_to_the_maps(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/maps/"


def test_a_card_shows_the_map(client: Client, game_map: GameMap) -> None:
    GameMap.objects.update(play_count=1234)
    page = text(client, "/maps/")
    for words in (
        "Quiet Ford",
        ">Author</a>",
        "20&thinsp;×&thinsp;20",
        "1,234 plays",
        "not rated yet",
    ):
        assert words in page
    assert f'href="/maps/{game_map.pk}/"' in page
    assert game_map.card_picture in page


def test_an_empty_site_and_an_empty_search_have_their_own_texts(client: Client, db: None) -> None:
    assert "No maps yet" in text(client, "/maps/")
    assert "No maps found for “<b>”" in text(client, "/maps/?q=%3Cb%3E").replace(
        "&lt;", "<"
    ).replace("&gt;", ">")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("quiet", True),
        ("QUIET ford", True),
        ("quie", True),
        ("ford quiet", True),
        ("fords", True),
        ("bridge", True),  # in the description
        ("quiet lava", False),
        ("author", True),  # their name
        ("'%_\"", True),  # nothing to search for: everything
        ("ford & !quiet | (", True),
        ("the", True),  # as "theatre" begins
        ("the ", False),
        ("and", False),
        ("over quiet", True),
        ("quiet over", True),
        ("_", True),
        ("ford:*", True),
        ("quiet\0ford", True),
    ],
)
def test_a_search_finds_words(client: Client, author: User, words: str, found: bool) -> None:
    make_map(author, "Quiet Ford", description="Two bridges and an overgrown theatre.")
    page = client.get("/maps/", {"q": words}).content.decode()
    assert ("Quiet Ford" in page) is found


def test_a_note_explains_what_common_words_find(client: Client, author: User) -> None:
    make_map(author, "Quiet Ford", description="The end of the road.")
    for words in ("the", "of the ", "and"):
        note = f"“{words.strip()}” is common, so it was searched for in names only."
        assert note in text(client, f"/maps/?q={words}")
        assert client.get("/api/v1/maps", {"q": words}).json()["notes"] == [note]
    assert client.get("/api/v1/maps?q=xyzzy").json()["notes"] == []
    notes = client.get("/api/v1/maps?q=the%20road").json()["notes"]
    assert notes == ["“the” was left out: it is too common."]


def test_a_search_that_is_too_long_is_reported(client: Client, game_map: GameMap) -> None:
    page = text(client, "/maps/?q=" + "x" * 201)
    assert "up to 200 characters" in page
    assert "Quiet Ford" in page


def test_a_search_with_forbidden_characters_is_reported(client: Client, game_map: GameMap) -> None:
    page = text(client, "/maps/?q=quiet%00ford")
    assert "This contains U+0000, a control character." in page
    assert "200 characters" not in page
    assert client.get("/api/v1/maps?q=%00").status_code == 400


@pytest.mark.parametrize("sort", ["hot", "top", "new", "plays", "random"])
def test_maps_are_shown_in_each_order(client: Client, many: list[GameMap], sort: str) -> None:
    page = text(client, f"/maps/?sort={sort}", follow=True)
    if sort == "plays":
        assert page.index("number 29") < page.index("number 28") < page.index("number 06")
    assert 'aria-current="true"' in page


def test_pages_follow_each_other(client: Client, many: list[GameMap]) -> None:
    first = client.get("/maps/?sort=plays&q=map")
    assert "number 06" in first.content.decode()
    assert "number 05" not in first.content.decode()
    link = first.context["next_link"]
    assert link.startswith("?q=map&cursor=")
    assert link.endswith("&sort=plays")
    second = client.get("/maps/" + link)
    assert "number 05" in second.content.decode()
    assert second.context["next_link"] is None
    back = client.get("/maps/" + second.context["previous_link"])
    assert back.context["cards"] == first.context["cards"]


def test_more_cards_have_no_link_to_the_previous_page(client: Client, many: list[GameMap]) -> None:
    link = "/maps/" + client.get("/maps/?sort=plays").context["next_link"]
    assert 'rel="prev"' in text(client, link)
    assert 'rel="prev"' not in text(client, link, headers=HTMX | {"HX-Target": "more"})


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_random_order_has_an_address_that_shows_it_again(
    client: Client, many: list[GameMap], headers: dict[str, str]
) -> None:
    led = [client.get("/maps/?q=map&sort=random", headers=headers) for _ in range(5)]
    addresses = {response.headers["Location"] for response in led}
    assert len(addresses) == 5
    assert {response.headers["Cache-Control"] for response in led} == {"no-store"}
    address = addresses.pop()
    assert "q=map&" in address
    first, again = (client.get(address, headers=headers) for _ in range(2))
    assert first.context["cards"] == again.context["cards"]
    assert "Cache-Control" not in first.headers
    if headers:
        assert first.headers["HX-Push-Url"] == address
    second = client.get("/maps/" + first.context["next_link"])
    assert len(first.context["cards"] + second.context["cards"]) == 30
    assert "No maps found" in text(client, "/maps/?q=nothing&sort=random", follow=True)


def test_own_maps_include_private_ones(signed_in: Client, player: User) -> None:
    make_map(player, "Secret Ford", is_public=False)
    make_map(make_user("Somebody"), "Other Ford")
    for page in (text(signed_in, "/maps/"), text(signed_in, "/account/")):
        assert 'href="/maps/?filter=own"' in page
        assert 'href="/maps/?favourite=yes"' in page
    page = text(signed_in, "/maps/?filter=own")
    assert "<h1>My maps</h1>" in page
    assert "Secret Ford" in page
    assert ">private<" in page
    assert "Other Ford" not in page
    assert 'href="?filter=own&amp;sort=new"' in page
    assert 'name="filter" value="own"' in page
    for link in ("?filter=own&sort=random", "?filter=own&q=ford"):
        assert "Other Ford" not in text(signed_in, f"/maps/{link}", follow=True)
    GameMap.objects.filter(user=player).delete()
    assert "You haven’t made any maps yet" in text(signed_in, "/maps/?filter=own")


@pytest.mark.parametrize("query", ["cursor=x", "sort=nonsense", "sort=top&cursor=%00", "page=7"])
def test_addresses_that_make_no_sense_show_the_first_page(
    client: Client, game_map: GameMap, query: str
) -> None:
    page = text(client, "/maps/?" + query)
    assert "Quiet Ford" in page
    assert ("has expired" in page) is ("cursor" in query)


def test_the_page_after_the_last_one_is_empty(client: Client, many: list[GameMap]) -> None:
    link = client.get("/maps/?sort=plays").context["next_link"]
    GameMap.objects.update(is_public=False)
    assert "No more maps" in text(client, "/maps/" + link)
    assert client.get("/maps/?cursor=").context["previous_link"] is None


# ---- Favourites and filters ---------------------------------------------------------------------


def test_favourites_are_a_page_of_their_own(signed_in: Client, game_map: GameMap) -> None:
    page = text(signed_in, "/maps/?favourite=yes")
    assert "<h1>Favourites</h1>" in page
    assert "<title>Favourites · Tribehold</title>" in page
    assert '<details class="facets">' in page
    assert "No favourites yet" in page
    assert "Tap ♡ on a map to add it here." in page
    narrower = text(signed_in, "/maps/?favourite=yes&terrain=lava")
    assert "<h1>Maps</h1>" in narrower
    assert '<details class="facets" open>' in narrower


def test_visitors_who_ask_for_favourites_are_asked_to_sign_in(
    client: Client, game_map: GameMap
) -> None:
    page = text(client, "/maps/?favourite=yes")
    assert 'href="/login/?next=%2Fmaps%2F%3Ffavourite%3Dyes"' in page
    assert "Sign in</a> to see your favourites." in page
    assert "<h1>Maps</h1>" in page


def test_active_filters_are_shown_and_can_be_removed(client: Client, game_map: GameMap) -> None:
    asked = "/maps/?q=ford&terrain=lava&rating_min=4.0&sort=new"
    for headers in ({}, HTMX):
        response = client.get(asked, headers=headers)
        page = response.content.decode()
        assert ">(2)</span>" in page
        assert [words for words, _ in response.context["active"]] == [
            "Terrain: Lava",
            "Stars: 4 or more",
        ]
        assert 'href="/maps/?q=ford&amp;rating_min=4.0&amp;sort=new"' in page
        assert 'href="/maps/?q=ford&amp;sort=new">Clear all</a>' in page
    assert client.get("/maps/?terrain=nonsense&played=yes").context["active"] == []
    assert 'hx-swap-oob="true"' not in text(client, asked)
    assert 'hx-swap-oob="true"' in text(client, asked, headers=HTMX)


@pytest.mark.parametrize(
    "query",
    ["", "?", "?q=ford", "?terrain=lava", "?terrain=Lava&size_min=20", "?terrain=nonsense",
     "?author=%00", "?rating_min=9&size_max=x", "?author=Author&plays_min=10"],
)  # fmt: skip
def test_filters_are_not_announced_as_invalid(
    client: Client, signed_in: Client, game_map: GameMap, query: str
) -> None:
    for visitor in (client, signed_in):
        for headers in ({}, HTMX):
            page = visitor.get(f"/maps/{query}", headers=headers).content.decode()
            assert "aria-invalid" not in page
            assert "errorlist" not in page
    for address in ("/lobbies/", "/lobbies/?map=ford", "/collections/", "/tribes/new/"):
        assert "aria-invalid" not in text(signed_in, address)
    assert 'aria-invalid="true"' in text(signed_in, "/lobbies/?free=x")


# ---- One's own maps -----------------------------------------------------------------------------


def test_visitors_who_ask_for_own_maps_are_sent_to_the_sign_in_page(
    client: Client, game_map: GameMap
) -> None:
    address = "/maps/?filter=own&sort=new"
    response = client.get(address)
    assert response.headers["Location"] == "/login/?next=%2Fmaps%2F%3Ffilter%3Down%26sort%3Dnew"
    part = client.get(address, headers=HTMX)
    assert part.headers["HX-Redirect"] == response.headers["Location"]
    page = text(client, "/maps/?filter=all")
    assert "The only value is `own`." in page
    assert "Quiet Ford" in page


def test_an_empty_list_of_own_maps_has_its_own_text(signed_in: Client, game_map: GameMap) -> None:
    assert "You haven’t made any maps yet" in text(signed_in, "/maps/?filter=own")
    assert "No maps found for “quiet”" in text(signed_in, "/maps/?filter=own&q=quiet")


def test_own_maps_stay_filtered_on_later_pages(client: Client, many: list[GameMap]) -> None:
    make_map(make_user("Other"), "Another's")
    client.force_login(many[0].user)
    first = client.get("/maps/?filter=own&sort=plays")
    assert '<input type="hidden" name="filter" value="own" form="browse">' in first.content.decode()
    for link in (first.context["next_link"], first.context["orders"][0][2]):
        assert "filter=own" in link
        assert "Another" not in text(client, "/maps/" + link)
    assert "filter" not in client.get("/maps/?filter=all").context["first_link"]


def test_htmx_gets_only_the_results(client: Client, game_map: GameMap) -> None:
    part = client.get("/maps/?q=quiet", headers=HTMX)
    assert part.content.decode().lstrip().startswith('<div id="results"')
    assert "HX-Request" in part["Vary"]


def test_private_and_hidden_maps_are_not_listed(client: Client, author: User) -> None:
    make_map(author, "Private Ford", is_public=False)
    make_map(author, "Hidden Ford", hidden_at=timezone.now())
    for _ in range(2):
        assert "Ford" not in text(client, "/maps/?q=ford").replace('value="ford"', "")
        client.force_login(author)


def test_browsing_takes_few_queries(
    client: Client, many: list[GameMap], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # The words, the maps, authors of this name, and the number of maps with its transaction and time limit.
    with django_assert_num_queries(7) as queries:
        text(client, "/maps/?sort=top&q=map")
    assert not [query for query in queries.captured_queries if "terrain_data" in query["sql"]]
    with django_assert_num_queries(1):
        client.get("/api/v1/maps?sort=top")
    client.force_login(many[0].user)
    with django_assert_num_queries(8):  # and the session, its user, and the marks on the cards
        text(client, "/maps/")


def test_the_author_sees_why_a_map_is_hidden(client: Client, player: User, moderator: User) -> None:
    make_map(player, "Open Ford")
    make_map(player, "Secret Ford", is_public=False)
    hidden = make_map(player, "Hidden Ford")
    hide = MapDecision.Action.HIDE
    decide(moderator=moderator, map_id=hidden.pk, action=hide, reason="Copied.")
    client.force_login(player)
    page = " ".join(text(client, "/maps/?filter=own").split())
    link = f'<a class="card__reason" href="/maps/{hidden.pk}/#state">hidden by a moderator: see why</a>'
    assert page.count("card__reason") == page.count(link) == 1
    assert page.count(">private<") == 1
    notice = text(client, hidden.get_absolute_url()).split('<div id="state"')[1]
    assert "Reason: Copied." in notice
    cards = client.get("/api/v1/maps?filter=own", headers=bearer(player)).json()["results"]
    assert {card["name"]: card["is_hidden"] for card in cards} == {
        "Open Ford": False,
        "Secret Ford": False,
        "Hidden Ford": True,
    }
    one = client.get(f"/api/v1/maps/{hidden.pk}", headers=bearer(player)).json()
    assert one["is_hidden"] is True


# ---- A player -----------------------------------------------------------------------------------


def test_the_page_of_a_closed_account_shows_its_maps_and_nothing_else(
    client: Client, author: User, game_map: GameMap
) -> None:
    make_map(author, "Secret Ford", is_public=False)
    collection_actions.create_collection(
        player=author, given={"name": "My fords", "is_public": True}
    )
    assert "Joined" in text(client, "/players/Author/")
    assert "This account is closed." not in text(client, "/players/Author/")
    User.objects.update(is_active=False)
    for address in ("/maps/", game_map.get_absolute_url()):
        assert 'href="/players/Author/"' in text(client, address)
    page = text(client, "/players/author/")
    assert "This account is closed." in page
    assert "Quiet Ford" in page
    for words in ("Level", "Games played", "Joined", "My fords", "Secret Ford"):
        assert words not in page
    assert client.get("/api/v1/users/Author").status_code == 404
    GameMap.objects.update(hidden_at=timezone.now())
    assert client.get("/players/Author/").status_code == 404


def test_an_expired_link_to_a_players_page_shows_its_first_page(
    client: Client, game_map: GameMap
) -> None:
    page = text(client, "/players/Author/?cursor=bad")
    assert "has expired" in page
    assert "Quiet Ford" in page
    assert "has expired" not in text(client, "/players/Author/")


# ---- One map ------------------------------------------------------------------------------------


def test_the_page_of_a_map_shows_it(client: Client, game_map: GameMap) -> None:
    page = text(client, f"/maps/{game_map.pk}/")
    for words in ("Quiet Ford", "20 × 20 <span", "3 waves", "Sign in</a> to rate", "Basic"):
        assert words in page


def test_missing_waves_and_markup_in_a_description_are_shown_safely(
    client: Client, author: User
) -> None:
    game_map = make_map(author, "<i>x", wave_config={}, description="<script>alert(1)</script>")
    page = text(client, f"/maps/{game_map.pk}/")
    assert "has not set up any waves" in page
    assert "<script>alert" not in page
    assert "<i>x" not in page


def test_who_sees_private_and_hidden_maps(
    client: Client, author: User, player: User, moderator: User
) -> None:
    private = make_map(author, is_public=False)
    hidden = make_map(author)
    decide(
        moderator=moderator,
        map_id=hidden.pk,
        action=MapDecision.Action.HIDE,
        reason="Copied from elsewhere.",
    )
    for user, status in ((None, 404), (player, 404), (author, 200), (moderator, 200)):
        if user:
            client.force_login(user)
        for game_map in (private, hidden):
            for url in (game_map.get_absolute_url(), game_map.card_picture):
                assert get_drawn(client, url).status_code == status, (user, url)
    client.force_login(author)
    assert "Copied from elsewhere." in text(client, hidden.get_absolute_url())
    assert client.get(f"/maps/{NOBODY}/").status_code == 404


def test_the_page_of_a_map_takes_a_fixed_number_of_queries(
    client: Client,
    game_map: GameMap,
    player: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2) as queries:  # the map, and others by its author
        text(client, f"/maps/{game_map.pk}/")
    assert not any("terrain_data" in query["sql"] for query in queries.captured_queries)
    client.force_login(player)
    with django_assert_num_queries(7):  # and session, user, own stars, marks, collections
        text(client, f"/maps/{game_map.pk}/")


# ---- Pictures -----------------------------------------------------------------------------------


def test_pictures_are_drawn_once_and_cached_by_browsers(
    client: Client, game_map: GameMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = get_drawn(client, game_map.card_picture)
    assert first["Content-Type"] == "image/webp"
    assert first["Cache-Control"] == "public, max-age=31536000, s-maxage=60, immutable"
    monkeypatch.setattr(preview_files, "render", lambda *_: pytest.fail("drawn again"))
    assert client.get(game_map.card_picture).content == first.content


@pytest.mark.django_db(transaction=True)
def test_many_simultaneous_requests_for_a_picture_get_it_whole(
    tasks_run: None, site: Site, settings: Any
) -> None:
    """Each request gets the whole picture, and there is one file."""
    game_map = make_map(make_user("Author"))

    def ask_once() -> bytes:
        while (response := httpx.get(site.url + game_map.card_picture)).status_code == 503:
            pass  # on a slow machine one waits more than once
        return response.content

    def ask(_: int) -> list[bytes]:
        responses = []
        for _ in range(5):
            responses.append(ask_once())
            for file in settings.MEDIA_ROOT.rglob("*.webp"):
                file.unlink(missing_ok=True)
        return [*responses, ask_once()]

    responses = [response for part in at_once(8, ask) for response in part]
    assert len(responses) == 48
    assert len(set(responses)) == 1
    assert len([file for file in settings.MEDIA_ROOT.rglob("*") if file.is_file()]) == 1


def test_outdated_addresses_show_the_current_picture_and_unknown_ones_are_a_404(
    client: Client, game_map: GameMap, author: User
) -> None:
    base = f"/maps/{game_map.pk}/"
    assert (
        get_drawn(client, base + f"card-{'0' * 64}-2.webp")["Cache-Control"] == "public, no-cache"
    )
    assert client.get(base + f"poster-{'0' * 64}-2.webp").status_code == 404
    outside = {"x": 20, "y": 0}
    faults: list[dict[str, Any]] = [
        {"terrain_data": []},
        {"terrain_data": {}},
        {"spawn_point": outside},
        {"goal_point": 7},
    ]
    for wrong in faults:
        broken = make_map(author, terrain_hash="", **wrong)
        assert client.get(broken.card_picture).status_code == 404
    unhashed = make_map(author, terrain_hash="")
    assert get_drawn(client, unhashed.card_picture).status_code == 200


def test_the_address_of_a_picture_matches_in_one_way(client: Client, db: None) -> None:
    """A regular expression that backtracks would take minutes for this address."""
    assert client.get(f"/maps/{NOBODY}/{'-' * 60_000}").status_code == 404


def test_a_full_disk_prevents_storing_but_not_showing_a_picture(
    client: Client, game_map: GameMap, settings: Any
) -> None:
    settings.MEDIA_ROOT.joinpath("pictures").touch()  # a file where a folder should be
    assert get_drawn(client, game_map.card_picture).status_code == 200


def test_a_private_picture_is_cached_only_by_its_reader(client: Client) -> None:
    owner = make_user("Owner")
    client.force_login(owner)
    response = get_drawn(client, make_map(owner, is_public=False).card_picture)
    assert response["Cache-Control"].startswith("private")


def test_the_sitemap_has_only_public_maps(client: Client, author: User, settings: Any) -> None:
    settings.SITE_URL = "https://tribehold.example"
    shown = make_map(author, "Shown")
    stored = [
        make_map(author, "Private", is_public=False),
        make_map(author, "Hidden", hidden_at=timezone.now()),
    ]
    reported = client.get("/sitemap.xml").content.decode()
    assert f"<loc>https://tribehold.example/maps/{shown.pk}/</loc>" in reported
    assert not any(str(game_map.pk) in reported for game_map in stored)
    robots = client.get("/robots.txt").content.decode()
    assert "Sitemap: https://tribehold.example/sitemap.xml" in robots
    assert "testserver" not in reported + robots
