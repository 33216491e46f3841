"""Finding maps: conditions, typing errors, query plans."""

import html
import itertools
import json
import string
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accounts.models import User
from config.kernel.errors import DomainError
from config.kernel.text import check_text
from maps.browse.queries import find_maps, read_parameters, run_steps, with_random_start
from maps.models import GameMap, MapFavourite
from maps.search import language, spelling
from maps.search.paging import prepare_search
from maps.search.sql import ORDERS, Statement, build_statements
from tests.support.api import bearer
from tests.support.factories import drawn_grid, make_map, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def maps(author: User) -> None:
    """Four maps that differ in everything that conditions compare."""
    mira = make_user("Mira")
    make_map(author, "Ember Forge", description="Old smiths.", play_count=5)
    make_map(mira, "Sunken Road", grid=drawn_grid(40, "Water"), play_count=200)
    make_map(mira, "Lava Gate", grid=drawn_grid(60, "Lava"), play_count=50)
    make_map(author, "Ember Draft", is_public=False)
    GameMap.objects.filter(name="Lava Gate").update(rating=4.5, rating_count=2, rating_sum=9)
    GameMap.objects.filter(name="Sunken Road").update(rating=3, rating_count=1, rating_sum=3)


def names(viewer: User | None = None, **parameters: str) -> list[str]:
    found = find_maps(
        read_parameters({"sort": "plays"} | parameters, viewer=str(viewer.pk) if viewer else None)
    )
    return [json.loads(card)["name"] for card in found.cards]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("", ["Sunken Road", "Lava Gate", "Ember Forge"]),
        ("author:MIRA", ["Sunken Road", "Lava Gate"]),
        ("-author:mira", ["Ember Forge"]),
        ("author:nobody", []),
        ("rating>3", ["Lava Gate"]),
        ("rating<=3", ["Sunken Road"]),  # not those without ratings
        ("-rating<=3", ["Lava Gate", "Ember Forge"]),
        ("size<50", ["Sunken Road", "Ember Forge"]),
        ("size:60", ["Lava Gate"]),
        ("plays>=50 plays<200", ["Lava Gate"]),
        ("terrain:lava", ["Lava Gate"]),
        ("-terrain:lava -terrain:water", ["Ember Forge"]),
        ("road author:mira", ["Sunken Road"]),
        ("roads", ["Sunken Road"]),
        ("smi", ["Ember Forge"]),
        ('"old smiths"', ["Ember Forge"]),
        ("-ember", ["Sunken Road", "Lava Gate"]),
        ("played:yes", ["Sunken Road", "Lava Gate", "Ember Forge"]),  # nobody is signed in
        ("nonsense:x gate", ["Lava Gate"]),
    ],
)
def test_conditions_narrow_the_list(maps: None, q: str, expected: list[str]) -> None:
    assert names(q=q) == expected


def test_conditions_about_the_viewer_need_a_viewer(maps: None, author: User) -> None:
    MapFavourite.objects.create(user=author, map=GameMap.objects.get(name="Lava Gate"))
    assert names(author, q="favourite:yes") == ["Lava Gate"]
    assert names(author, q="favourite:no") == ["Sunken Road", "Ember Forge"]
    assert names(author, q="-favourite:no") == ["Lava Gate"]
    assert names(author, q="played:yes") == []
    assert len(names(author, q="played:no")) == 3
    assert names(author, filter="own") == ["Ember Forge", "Ember Draft"]
    assert names(author, filter="own", q="draft") == ["Ember Draft"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("embr", "ember"),
        ("emberr forg", "ember forg"),
        ("fogre", "forge"),
        ("Suken", "sunken"),
        ("lava gaet", "lava gate"),
        ('"ember forgee" -lava', '"ember forge" -lava'),
    ],
)
def test_typing_errors_are_corrected(client: Client, maps: None, typed: str, meant: str) -> None:
    response = client.get("/api/v1/maps", {"q": typed}).json()
    assert response["results"]
    assert response["corrected"] == meant
    page = html.unescape(client.get("/maps/", {"q": typed}).content.decode())
    assert f"Showing “{meant}” instead" in page


def test_a_word_without_similar_words_finds_nothing(client: Client, maps: None) -> None:
    response = client.get("/api/v1/maps", {"q": "xyzzy"}).json()
    assert (response["results"], response["corrected"]) == ([], None)
    assert "No maps found for “xyzzy”" in client.get("/maps/?q=xyzzy").content.decode()
    assert "Ember Draft" not in client.get("/maps/?q=embr drat").content.decode()


def test_a_known_word_is_not_treated_as_a_prefix(author: User) -> None:
    make_map(author, "Ford")
    make_map(author, "Formation")
    assert sorted(names(q="fo")) == ["Ford", "Formation"]
    assert names(q="ford") == ["Ford"]
    assert names(q="form") == ["Formation"]


@pytest.mark.parametrize(
    ("name", "wholly"),
    [
        ("Forge", "forge"),
        ("Hero", "hero"),
        ("Overgrown", "overgrown"),
        ("Theatre", "theatre"),
        ("Wanderings", "wanderings"),
        ("Lemmings", "lemmings"),
        ("Happy", "happy"),
        ("Skies", "skies"),
        ("Größe", "größe"),
        ("Level2", "level2"),
        ("University", "university"),
    ],
)
def test_each_prefix_of_a_word_finds_the_map(author: User, name: str, wholly: str) -> None:
    make_map(author, "Plain", description=f"Here is {name}, old.")
    make_map(author, "Xyz")
    for end in range(1, len(wholly) + 1):
        assert names(q=wholly[:end]) == ["Plain"], wholly[:end]
        assert names(q=f"plain {wholly[:end]}") == ["Plain"], wholly[:end]
        assert names(q=f"is-{wholly[:end]}") == ["Plain"], wholly[:end]
    assert names(q=f"{wholly} ") == ["Plain"]


@pytest.mark.parametrize(
    "name",
    [
        "North/South",
        "Lava v2.1",
        "Level 1.5",
        "24/7 siege",
        "T-34 Valley",
        "river.bend",
        "A.B.C. hill",
        "<b>bold</b> fort",
        "&amp; gate",
        "mira@example.com/a?b=c",
        "Dragon's Lair",
        "The dragon’s 1e5-2e6 lair",
        "under_score",
        "Burg—Tor",
        "x² and m³",
        "Straße №5",
        "Caf\u00e9s",
        "हिन्दी।गढ़",
        "قلعة؟ ١٢",
        "城門！",
        "Fort🔥",
        "Hold On",
    ],
)
def test_a_map_is_found_by_its_name(author: User, name: str) -> None:
    make_map(author, name)
    make_map(author, "Other", description="Nothing else.")
    for q in (name, f"{name} ", f'"{name}"'):
        found = find_maps(read_parameters({"q": q}))
        assert [json.loads(card)["name"] for card in found.cards] == [name], q
        assert found.corrected is None, q
        assert not [note for note in found.notes if "common" not in note], q


def is_allowed(name: str) -> bool:
    try:
        return check_text(name, "map_name", "name") == name
    except DomainError:
        return False


@given(
    st.one_of(
        st.text(
            st.characters(exclude_categories=["Cc", "Cn", "Co", "Cs"]), min_size=3, max_size=30
        ),
        st.text("aBtx129 .,-/'_&<>@é—²।\u0301🔥", min_size=3, max_size=30),
    ).filter(is_allowed)
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_map_is_found_by_any_name(author: User, name: str) -> None:
    """Except operators of the query language."""
    asked = language.parse(name)
    assume(asked.terms and not asked.conditions)
    assume(not any(term.negated for term in asked.terms))
    game_map = GameMap.objects.filter(user=author).first() or make_map(author, "New")
    GameMap.objects.filter(pk=game_map.pk).update(name=name)
    assert names(q=name) == [name]


def test_known_words_are_split_as_queries_are(author: User) -> None:
    make_map(author, "Cafés/Burg—Tor")
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM map_words")
        known = {word for (word,) in cursor.fetchall()}
    assert {"cafes", "burg", "tor"} <= known


def test_stop_words_are_those_of_the_database() -> None:
    letters = string.ascii_lowercase
    short = ["".join(some) for n in (1, 2, 3) for some in itertools.product(letters, repeat=n)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) AS word WHERE ts_lexize('english_stem', word) = '{}'",
            [[*short, *language.STOP_WORDS]],
        )
        assert {word for (word,) in cursor.fetchall()} == language.STOP_WORDS


def test_stop_words_are_not_excluded_and_the_rest_works(maps: None) -> None:
    assert names(q="-the") == names(q="")
    assert names(q='-"of the" -and rating>4') == ["Lava Gate"]
    assert names(q="ember -the") == ["Ember Forge"]


def test_corrected_searches_have_pages(client: Client, author: User) -> None:
    for n in range(5):
        make_map(author, f"Ember {n}")
    first = client.get("/api/v1/maps?q=embr&page_size=3").json()
    query = {"q": "embr", "page_size": 3, "cursor": first["next"]}
    second = client.get("/api/v1/maps", query).json()
    rows = [row["name"] for page in (first, second) for row in page["results"]]
    assert sorted(rows) == [f"Ember {n}" for n in range(5)]


def test_words_of_private_maps_are_no_corrections(client: Client, author: User) -> None:
    game_map = make_map(author, "Secret Garden", is_public=False)
    assert spelling.correct(language.parse("secrt")) is None
    GameMap.objects.filter(pk=game_map.pk).update(is_public=True)
    corrected = spelling.correct(language.parse("secrt"))
    assert corrected
    assert language.format_terms(corrected.terms) == "secret"


def test_words_of_descriptions_are_corrections(author: User) -> None:
    game_map = make_map(author, "Ford", description="Where smugglers met.")
    assert names(q="smuglers") == ["Ford"]
    assert names(q="fodr ") == ["Ford"]
    GameMap.objects.filter(pk=game_map.pk).update(description="Where pilgrims met.")
    assert names(q="pilgrms ") == ["Ford"]
    assert spelling.correct(language.parse("hwere")) is None  # a stop word
    hidden = make_map(author, "Draft", description="Where witches met.", is_public=False)
    assert names(hidden.user, filter="own", q="wiches") == []


def test_long_queries_are_not_corrected(author: User) -> None:
    make_map(author, "Ember")
    words = [f"embr{n}" for n in range(spelling.MAX_WORDS + 1)]
    assert spelling.correct(language.parse(f'"{" ".join(words)}"')) is None
    assert spelling.correct(language.parse(f'"{" ".join(["embr"] * 20)}"'))  # one word


def test_page_and_api_show_notes(client: Client, maps: None, player: User) -> None:
    query = {"q": "colour:red gate played:yes", "size_min": "x"}
    response = client.get("/api/v1/maps", query).json()
    assert [row["name"] for row in response["results"]] == ["Lava Gate"]
    assert len(response["notes"]) == 3
    page = client.get("/maps/", query).content.decode()
    assert page.count("was left out") == 3
    signed_in = client.get("/api/v1/maps", query, headers=bearer(player)).json()
    assert len(signed_in["notes"]) == 2


def test_own_maps_need_a_token(client: Client, maps: None, author: User) -> None:
    response = client.get("/api/v1/maps?filter=own")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (
        401,
        "not_authenticated",
    )
    rows = client.get("/api/v1/maps?filter=own", headers=bearer(author)).json()["results"]
    assert {row["is_public"] for row in rows} == {True, False}
    assert client.get("/api/v1/maps?filter=all").status_code == 400


def test_the_controls_show_the_parameters(client: Client, maps: None, player: User) -> None:
    page = client.get("/maps/?terrain=lava&rating_min=4").content.decode()
    assert '<option value="lava" selected>' in page
    assert "Lava Gate" in page
    assert "Sunken Road" not in page
    assert "favourites" not in page
    client.force_login(player)
    assert "my favourites" in client.get("/maps/").content.decode()


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("terrain=Lava", ['<option value="Lava" selected>Lava</option>']),
        ("rating_min=2", ['<option value="2" selected>2 or more</option>']),
        ("rating_min=4.0", ['<option value="4.0" selected>4 or more</option>']),
        ("size_min=40", ['<option value="40" selected>40 cells</option>']),
        ("size_max=60", ['<option value="60" selected>60 cells</option>']),
        ("plays_min=5", ['<option value="5" selected>5 or more</option>']),
        (
            "favourite=YES&played=0",
            [
                '<option value="YES" selected>my favourites</option>',
                '<option value="0" selected>not played yet</option>',
            ],
        ),
    ],
)
def test_the_controls_show_values_that_they_do_not_list(
    client: Client, player: User, query: str, options: list[str]
) -> None:
    client.force_login(player)
    page = client.get(f"/maps/?{query}").content.decode()
    assert page.count('<option value="" selected>') == 7 - len(options)
    assert all(option in page for option in options)


def test_the_controls_list_values_in_order_and_no_invalid_ones(client: Client, db: None) -> None:
    page = client.get(
        "/maps/?size_min=40&rating_min=9&terrain=%3Cb%3E&plays_min=x"
    ).content.decode()
    assert page.index("30 cells") < page.index("40 cells") < page.index("50 cells")
    assert page.count(" selected>") == 2  # the 40, and “any” of the size up to
    assert page.count("was left out") == 3
    assert "9 or more" not in page
    assert "40 cells" not in client.get("/maps/").content.decode()


# ---- Plans --------------------------------------------------------------------------------------


def nodes(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns (kind, index or table) of each node of a plan."""
    own = plan["Node Type"], plan.get("Index Name") or plan.get("Relation Name") or ""
    return [own, *(node for part in plan.get("Plans", []) for node in nodes(part))]


def statements_of(viewer: str = "", **parameters: str) -> list[Statement]:
    """Returns the statements of the first tier."""
    asked = with_random_start(read_parameters(parameters, viewer=viewer or NOBODY))
    tier = run_steps(run_steps(prepare_search(asked)).tier(0))
    assert tier
    return build_statements(asked, tier)


def plan_of(which: int = 0, viewer: str = "", **parameters: str) -> list[tuple[str, str]]:
    statement = statements_of(viewer=viewer, **parameters)[which]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement.sql, statement.values)
        response = cursor.fetchone()[0]
    return nodes((json.loads(response) if isinstance(response, str) else response)[0]["Plan"])


NOBODY = "00000000-0000-0000-0000-000000000000"
INDEXES = {name: f"idx_maps_{name}" for name in ORDERS}
# So few rows cost next to nothing: an index that is read whole, in place of the table, would do as well.
ROWS_ARE_DEAR = "SET LOCAL cpu_tuple_cost = 1; SET LOCAL cpu_index_tuple_cost = 1"
FACETS = ("", "rating>4", "size<50", "plays>=10", "terrain:lava", "rating>3 size<50 -terrain:water")


@pytest.fixture
def large(author: User) -> None:
    """Makes the planner believe that the table is large."""
    others = [User(username=f"Other{n}", email=f"{n}@example.com") for n in range(30)]
    User.objects.bulk_create(others)
    authors = [author, *User.objects.exclude(pk=author.pk)]
    for n in range(60):
        make_map(authors[n % len(authors)], f"Map {n}", play_count=n)
    with connection.cursor() as cursor:
        # The pending list of the GIN index makes plans dearer, so it is flushed.
        cursor.execute("SELECT gin_clean_pending_list('idx_maps_search')")
        cursor.execute("ANALYZE maps; ANALYZE users")
        # In so small a table reading all of it would be right; at a million maps it never is.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_incremental_sort = off")


@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.parametrize("sort", ORDERS)
def test_each_order_is_read_from_its_index(large: None, sort: str, facet: str) -> None:
    plan = plan_of(sort=sort, q=facet)
    assert {kind for kind, _ in plan} & {"Sort", "Incremental Sort", "Seq Scan"} == set()
    assert INDEXES[sort] in {name for _, name in plan}
    first = json.loads(find_maps(with_random_start(read_parameters({"sort": sort}))).cards[0])
    assert first


@pytest.mark.parametrize("sort", ORDERS)
def test_maps_at_the_end_of_an_order_are_found_by_its_index_alone(large: None, sort: str) -> None:
    for facet in ("rating<3", "-rating>=3", "plays<10", "-terrain:grass", "size>95 rating<2"):
        for which in range(len(statements_of(sort=sort, q=facet))):
            plan = plan_of(which, sort=sort, q=facet)
            assert {kind for kind, _ in plan} & {"Sort", "Incremental Sort", "Seq Scan"} == set()
            assert INDEXES[sort] in {name for _, name in plan}
        if (sort, facet) != ("plays", "plays<10"):
            assert ("Index Only Scan", INDEXES[sort]) in plan


@pytest.mark.parametrize("facet", ["-ember", "-ember rating<3", "-ember -ford terrain:grass"])
@pytest.mark.parametrize("sort", ORDERS)
def test_maps_without_an_excluded_word_are_found_along_the_order(
    large: None, sort: str, facet: str
) -> None:
    """The index of words cannot be used; the index of the order meets the conditions alone."""
    for which in range(len(statements_of(sort=sort, q=facet))):
        plan = plan_of(which, sort=sort, q=facet)
        assert {kind for kind, _ in plan} & {"Sort", "Incremental Sort", "Seq Scan"} == set()
        assert INDEXES[sort] in {name for _, name in plan}
        assert "idx_maps_search" not in {name for _, name in plan}
    assert ("Index Only Scan", INDEXES[sort]) in plan


def test_a_condition_on_the_sort_key_limits_the_index_range(large: None) -> None:
    (only,) = build_statements(read_parameters({"sort": "plays", "q": "plays<10 plays>=5"}))
    assert only.sql.index("play_count >=") < only.sql.index("ORDER BY")
    assert names(sort="plays", q="plays<10 plays>=8") == ["Map 9", "Map 8"]
    assert names(sort="plays", q="-plays<58 size<50") == ["Map 59", "Map 58"]
    cursor = find_maps(read_parameters({"sort": "plays", "q": "plays<30", "page_size": "10"})).next
    assert names(sort="plays", q="plays<30", cursor=cursor or "", page_size="1") == ["Map 19"]


@pytest.mark.parametrize("sort", ORDERS)
def test_maps_of_an_author_are_found_by_an_index_of_authors(
    large: None, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the planner estimates that a walk along the order is cheaper."""
    # Near an end of the random order so few maps are left that walking them is right.
    monkeypatch.setattr("maps.browse.queries.random.random", lambda: 0.5)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on; SET LOCAL enable_bitmapscan = on")
        cursor.execute(ROWS_ARE_DEAR)
    for parameters in ({"q": "author:mira"}, {"filter": "own"}, {"q": "author:mira plays<10"}):
        for which in range(len(statements_of(sort=sort, **parameters))):
            used = {name for _, name in plan_of(which, sort=sort, **parameters)}
            assert used & {"idx_maps_author", "idx_maps_user_id"}, used


@pytest.mark.parametrize("sort", ORDERS)
def test_favourites_are_found_by_their_index(large: None, author: User, sort: str) -> None:
    """Even with drafts, and where the planner estimates that a walk along the order is cheaper."""
    for one in GameMap.objects.all()[:3]:
        MapFavourite.objects.create(user=author, map=one)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE map_favourites")
        cursor.execute(ROWS_ARE_DEAR)
    for facet in ("", "size>20", "plays>=10 -terrain:water"):
        facets = {"sort": sort, "q": f"favourite:yes {facet}"}
        for which in range(len(statements_of(str(author.pk), **facets))):
            plan = plan_of(which, str(author.pk), sort=sort, q=f"favourite:yes {facet}")
            used = {name for _, name in plan}
            assert ("Seq Scan", "maps") not in plan
            assert "maps_pkey" in used
            assert not {name for name in used if name.startswith("idx_maps_")}, used


@pytest.mark.parametrize("sort", sorted(ORDERS.keys() - {"random"}))
def test_later_pages_start_inside_the_index(large: None, sort: str) -> None:
    cursor = find_maps(read_parameters({"sort": sort})).next
    plan = plan_of(sort=sort, cursor=cursor or "")
    assert "Sort" not in {kind for kind, _ in plan}
    assert INDEXES[sort] in {name for _, name in plan}


@pytest.mark.parametrize(
    ("q", "index"),
    [
        ("xyzzy ", "idx_maps_search"),
        ("two words", "idx_maps_search"),
        ("author:mira", ("idx_maps_author", "idx_maps_user_id")),
    ],
)
def test_few_maps_are_found_by_an_index_of_their_own(
    large: None, q: str, index: str | tuple[str, ...]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on; SET LOCAL enable_bitmapscan = on")
        if index == "idx_maps_search":  # so few rows are looked through as quickly
            cursor.execute("SET LOCAL enable_indexscan = off")
    plan = plan_of(-1, q=q)
    assert ("Seq Scan", "maps") not in plan
    assert any(name.startswith(index) for _, name in plan), plan


@pytest.mark.parametrize("q", ["łódź", "two words", "30x22", "player ford"])
@pytest.mark.parametrize("sort", ["hot", "random"])
def test_no_tier_reads_the_whole_table(large: None, sort: str, q: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on; SET LOCAL enable_bitmapscan = on")
    asked = with_random_start(read_parameters({"sort": sort, "q": q}))
    search = run_steps(prepare_search(asked))
    for number in range(search.count):
        tier = run_steps(search.tier(number))
        for statement in build_statements(asked, tier) if tier else ():
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + statement.sql, statement.values)
                explained = cursor.fetchone()[0]
            plan = json.loads(explained) if isinstance(explained, str) else explained
            assert ("Seq Scan", "maps") not in nodes(plan[0]["Plan"]), (number, statement.sql)


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (
            "SELECT id FROM users WHERE text_casefold(username) = text_casefold('Mira')",
            "idx_users_username_casefold",
        ),
        (
            "SELECT id FROM users WHERE text_casefold(email) = text_casefold('a@example.com')",
            "idx_users_email_casefold",
        ),
        (
            """SELECT id FROM users WHERE username_key(username) COLLATE "C" BETWEEN 'mi' AND 'mj'""",
            "idx_users_key",
        ),
        (
            "SELECT id FROM users WHERE username_key(username) % 'mira'",
            "idx_users_key_trigrams",
        ),
        (
            'SELECT id FROM users ORDER BY text_sort_key(username) COLLATE "C"',
            "idx_users_sort_key",
        ),
        ('SELECT id FROM maps ORDER BY text_sort_key(name) COLLATE "C"', "idx_maps_sort_key"),
    ],
)
def test_names_are_found_and_sorted_by_an_index(large: None, sql: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = on")
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
        explained = cursor.fetchone()[0]
    plan = json.loads(explained) if isinstance(explained, str) else explained
    assert index in {name for _, name in nodes(plan[0]["Plan"])}


def test_maps_beyond_the_window_are_found(maps: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maps.search.sql.WINDOW", 1)
    monkeypatch.setattr("maps.search.sql.WINDOW_WITH_TERMS", 1)
    assert names(q="size>50") == ["Lava Gate"]
    assert names(q="ember ") == ["Ember Forge"]
    assert names(q="-road -ember") == ["Lava Gate"]
    assert names(q="-ember size<50") == ["Sunken Road"]
    for sort in ORDERS:
        assert sorted(names(q="size>=20", sort=sort)) == ["Ember Forge", "Lava Gate", "Sunken Road"]
