"""Search in every language: joined and split words, scripts without spaces, accents, stop words, tiers."""

import json
import re
import unicodedata
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accounts.models import User
from maps.browse.queries import find_maps, read_parameters
from maps.models import GameMap
from maps.search.sql import ORDERS, Statement
from tests.support.factories import flat_grid, make_map, make_user

pytestmark = pytest.mark.django_db


def search(q: str, **parameters: str) -> list[str]:
    found = find_maps(read_parameters({"sort": "plays", "q": q} | parameters))
    assert found.corrected is None, found.corrected
    return [json.loads(card)["name"] for card in found.cards]


def notes(q: str) -> tuple[str, ...]:
    return find_maps(read_parameters({"q": q})).notes


FOUND = [
    # Joined and split words.
    ("EpicLoot Hall", "Epic Loot", "epic loot hall", "epicloot", "EpicLoot", "Epic", "Loot", "loothall",
     "epicloothall", "EPIC LOOT", "epicloot ha", "epic lo", '"epic loot"', '"EpicLoot Hall"'),
    ("Epic Loot Hall", "EpicLoot", "epicloot", "EpicLoot Hall", "epicloothall", "LootHall", "epiclo",
     "loot-hall", "Epic/Loot"),
    ("epicloot hall", "Epic Loot", "EpicLoot", "epic-loot", "epic loot hall"),
    ("Level9", "level 9", "level9", "Level-9", "level", "9"),
    ("Level 9", "level9", "Level9", "LEVEL9"),
    ("HTTPServer Gate", "http server", "httpserver", "server gate", "HTTP"),
    ("iPhone Valley", "iphone", "phone valley", "iphonevalley"),
    ("Don't Panic", "dont", "don't", "dont panic", "don’t panic"),
    ("Dont Panic", "don't panic"),
    ("A.B.C. hill", "abc", "a b c", "abc hill"),
    ("Sky-Fort", "skyfort", "sky fort", "sky-fort", "SkyFort"),
    ("Skyfort", "sky fort", "sky-fort", "SkyFort"),
    ("T-34 Valley", "t34", "T34", "t 34", "t-34 valley"),
    ("snake_case_map", "snakecase", "snake case", "casemap", "snakecasemap"),
    ("One Two Three Four Five", "onetwothreefourfive", "threefour", "twothreefour"),
    # Scripts without spaces.
    ("傭兵と小説家", "小説", "傭兵", "小説家", "兵と", "傭兵と小説家", "傭", "家", "説家"),
    ("東京タワー", "東京", "タワー", "京タ", "東京タワー", "東京 タワー", "東"),
    ("ﾄｳｷｮｳ", "トウ", "ﾄｳ", "トウキョウ"),
    ("가나다라 성문", "나다", "성문", "가나다라", "문"),
    ("ภูเขาน้ำแข็ง", "ภูเขา", "น้ำ", "แข็ง", "น้ำแข็ง", "เขา"),
    ("ພູເຂົາ", "ພູ", "ເຂົາ"),
    ("ភ្នំពេញ", "ភ្នំ", "ពេញ"),
    ("မြန်မာ", "မြန်", "မာ"),
    ("བོད་ལྗོངས", "བོད", "ལྗོངས"),
    ("長城2号門", "長城", "2号", "号門", "長城2"),
    ("Castle 城門 East", "城門", "castle 城門", "城門 east", "castle east"),
    ("𠀀𠀁𠀂", "𠀀𠀁", "𠀁𠀂"),
    # Accents and final forms.
    ("Łódź", "lodz", "Lodz", "łódź", "LODZ", "Łodz", "ŁÓDŹ", "lod"),
    ("Lodz", "Łódź", "łódź", "Łó"),
    ("Straße", "strasse", "STRASSE", "straße", "stras"),
    ("Strasse", "straße", "Straße"),
    ("Ærø Fjörd", "aero fjord", "ærø", "Aero"),
    ("Seyðisfjörður", "seydisfjordur", "Seyðisfjörður", "seyðis"),
    ("İstanbul Kapısı", "istanbul", "ISTANBUL", "kapisi", "Kapısı", "istanbul kapisi"),
    ("Hồ Chí Minh", "ho chi minh", "Ho Chi", "hồ chí", "hochiminh"),
    ("Đà Nẵng", "da nang", "danang", "Đà Nẵng", "da nan"),
    ("Οδυσσεύς", "οδυσσευς", "ΟΔΥΣΣΕΥΣ", "Οδυσσεύς", "οδυσσευσ", "οδυσ"),
    ("ΑΘΗΝΑ", "αθήνα", "Αθηνα"),
    ("מלך שלום", "מלכ", "מלך", "שלום", "שָׁלוֹם"),
    ("قلعة أحمد", "قلعه", "احمد", "أحمد", "قلعة"),
    ("مُحَمَّد", "محمد", "مــحــمد"),
    ("علی", "علي", "على"),
    ("Ёлка", "елка", "Ёлка", "ёлк", "ЕЛКА"),
    ("Мой Дом", "мой", "мои", "МОЙ ДОМ", "мой до"),
    ("Київ", "київ", "КИЇВ"),
    ("हिन्दी गढ़", "हिन्दी", "गढ़", "हिन्दी गढ़", "हिन्"),
    ("Café Noir", "cafe", "Cafe\u0301", "CAFÉ", "cafe noir", "café"),
    ("Ｆｕｌｌ Ｗｉｄｔｈ", "full", "width", "full width"),
    ("قلعة ١٢", "12", "١٢"),
    ("ﬁre ﬂower", "fire", "flower"),
    ("Naïve Façade", "naive facade", "naïve", "facade"),
    # Emoji and signs beside words.
    ("Fort🔥Lava", "fort", "lava", "fortlava"),
    ("🔥🔥 Hot", "hot"),
    # Only stop words.
    ("Do or Do Not", "Do or Do Not", "do or do not", "DO OR DO NOT", '"Do or Do Not"', "do or do not ", "or"),
    ("The Who", "The Who", "the who", "who", '"the who"', "the wh"),
    ("It", "it", "It"),
    ("To Be", "to be", "To Be", "tobe"),
    ("What Is This", "what is this", "this is"),
    ("AT&T", "at&t", "AT&T", "att"),
    ("Hold On", "hold on", '"hold on"', "Hold On"),
    ("The End of It All", "The End of It All", "the end", '"end of it all"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "queries"), [(row[0], row[1:]) for row in FOUND])
def test_a_map_is_found(author: User, name: str, queries: tuple[str, ...]) -> None:
    if len(name) < 3:
        name = f"{name} {name}"
    stored = unicodedata.normalize("NFC", name)
    make_map(author, stored)
    make_map(author, "Unrelated", description="Nothing here.")
    for q in (*queries, name, stored, unicodedata.normalize("NFD", name)):
        assert search(q) == [stored], q
    assert search(f"{stored} ") == [stored]  # the last word is complete


DESCRIBED = [
    ("Ein Ort nahe Łódź, mit Straßen.", "lodz", "straßen", "strassen", "Łódź", '"ort nahe"'),
    ("昔、傭兵と小説家がいた。", "小説家", "傭兵", "がい"),
    ("Level9 of the EpicLoot series", "epic loot", "level 9", "epicloot", "series"),
    ("ที่นี่มีภูเขาน้ำแข็ง", "ภูเขา", "น้ำแข็ง"),
    ("Кто-то ёлку срубил", "елку", "срубил"),
]


@pytest.mark.parametrize(("description", "queries"), [(row[0], row[1:]) for row in DESCRIBED])
def test_a_map_is_found_by_its_description(
    author: User, description: str, queries: tuple[str, ...]
) -> None:
    make_map(author, "Plain", description=unicodedata.normalize("NFC", description))
    make_map(author, "Unrelated", description="Nothing here.")
    for q in queries:
        assert search(q) == ["Plain"], q


NOT_FOUND = [
    ("Epic Loot Hall", "epichall", "loot epic forge", '"loot epic"', "hallepic"),
    ("傭兵と小説家", "小家", "傭小", "兵傭"),
    ("Skyfort", "fort"),
    ("東京タワー", "京都"),
    ("Level 9", "level8", "level90"),
]


@pytest.mark.parametrize(("name", "queries"), [(row[0], row[1:]) for row in NOT_FOUND])
def test_other_words_do_not_find_it(author: User, name: str, queries: tuple[str, ...]) -> None:
    make_map(author, name)
    for q in queries:
        found = find_maps(read_parameters({"q": f"{q} "}))
        assert found.corrected or not found.cards, q


# ---- Tiers --------------------------------------------------------------------------------------


@pytest.fixture
def ranked(author: User) -> None:
    """Maps whose order by plays is the reverse of that by tiers."""
    lodz = make_user("Lodz")
    make_map(author, "Lodz", play_count=1)
    make_map(author, "Lodz Gate", play_count=2)
    make_map(author, "Old", description="Near Lodz.", play_count=3)
    make_map(author, "Łódź", play_count=10)
    make_map(author, "New", description="Near Łódź.", play_count=11)
    make_map(lodz, "Hill", play_count=100)
    make_map(lodz, "River", play_count=99)
    make_map(author, "Unrelated", play_count=1000)


EXPECTED = ["Old", "Lodz Gate", "Lodz", "New", "Łódź", "Hill", "River"]


def test_exact_matches_come_first_then_folded_ones_then_authors(ranked: None) -> None:
    assert search("lodz ") == EXPECTED
    assert search("Łódź ") == ["New", "Łódź", "Old", "Lodz Gate", "Lodz", "Hill", "River"]
    assert search("lod") == EXPECTED


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_lead_through_the_tiers_and_back(
    client: Client, ranked: None, sort: str, size: int
) -> None:
    query = {"q": "lodz ", "sort": sort, "page_size": str(size)}
    pages = [client.get("/api/v1/maps", query).json()]
    assert pages[0]["previous"] is None
    while pages[-1]["next"]:
        pages.append(client.get("/api/v1/maps", query | {"cursor": pages[-1]["next"]}).json())
    names = [row["name"] for page in pages for row in page["results"]]
    tiers = [set(names[:3]), set(names[3:5]), set(names[5:])]
    assert tiers == [{"Lodz", "Lodz Gate", "Old"}, {"Łódź", "New"}, {"Hill", "River"}]
    assert len(names) == 7
    page, back = pages[-1], []
    while page["previous"]:
        page = client.get("/api/v1/maps", query | {"cursor": page["previous"]}).json()
        back.append(page["results"])
        assert page["next"]
    assert back == [page["results"] for page in pages[-2::-1]]


# ---- Authors ------------------------------------------------------------------------------------


@pytest.fixture
def authored() -> None:
    grouse, fox = make_user("BronzeGrouse"), make_user("Swift-Fox_9")
    make_map(grouse, "River Ford", play_count=9)
    make_map(grouse, "Lava Gate", play_count=8)
    make_map(fox, "Ember Hall", play_count=7)
    make_map(make_user("SwiftOwl"), "Bronze Door", play_count=6)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("BronzeGrouse", ["River Ford", "Lava Gate"]),
        ("bronzegrouse ", ["River Ford", "Lava Gate"]),
        ("bronze grouse", ["River Ford", "Lava Gate"]),
        ("bronzegr", ["River Ford", "Lava Gate"]),
        ("bronzegrouse ford", ["River Ford"]),
        ("ford bronzegrouse", ["River Ford"]),
        ("gate bronze grouse", ["Lava Gate"]),
        ("bronze", ["Bronze Door", "River Ford", "Lava Gate"]),
        ("Swift-Fox_9", ["Ember Hall"]),
        ("swiftfox9", ["Ember Hall"]),
        ("swift fox 9", ["Ember Hall"]),
        ("swift", ["Ember Hall", "Bronze Door"]),
        ("bronzegrouse -lava", ["River Ford"]),
        ("bronzegrouse plays>8", ["River Ford"]),
    ],
)
def test_words_are_also_names_of_authors(authored: None, q: str, expected: list[str]) -> None:
    assert search(q) == expected


def test_an_unknown_author_gets_suggestions(client: Client, authored: None) -> None:
    response = client.get("/api/v1/maps", {"q": "author:Swift"}).json()
    assert response["results"] == []
    assert response["suggestions"] == ["author:SwiftOwl", "author:Swift-Fox_9"]
    assert "There is no player “swift”." in response["notes"]
    page = client.get("/maps/", {"q": "ember author:bronzegruse"}).content.decode()
    assert "?q=ember+author%3ABronzeGrouse" in page
    page = client.get("/maps/", {"author": "BronzeGruse"}).content.decode()
    assert "?author=BronzeGrouse" in page
    assert client.get("/api/v1/maps?q=author:swiftowl").json()["suggestions"] == []
    assert client.get("/api/v1/maps?q=author:xyzzyx").json()["suggestions"] == []


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("terrain:lave", "lava"),
        ("terrain:gras", "grass"),
        ("ratng>4", "rating"),
        ("autor:x", "author"),
    ],
)
def test_a_condition_that_is_not_understood_gets_a_suggestion(q: str, meant: str) -> None:
    assert f"Did you mean “{meant}”?" in notes(q)[0]


# ---- Odd queries --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "ignored"),
    [
        ("at&t tower", "“at t” was left out"),
        ("the tower", "“the” was left out"),
        ("lord of the tower", "“of the” was left out"),
        ("at&t", "“at t” is common, so it was searched for in names only"),
        ("the", "“the” is common"),
        ("& tower", "“&” was left out: it contains no word"),
        ("tower -the", "“-the” was left out: it is too common"),
        ("!!!", "“!!!” was left out"),
    ],
)
def test_what_is_ignored_is_reported(q: str, ignored: str) -> None:
    assert any(ignored in note for note in notes(q)), notes(q)


def test_common_words_do_not_return_everything(author: User) -> None:
    make_map(author, "Ford")
    assert search("at&t") == []
    assert search("the") == []


@pytest.fixture
def sized(author: User) -> None:
    make_map(author, "Wide", grid=flat_grid(30, 22), play_count=5)
    make_map(author, "High", grid=flat_grid(22, 30), play_count=4)
    make_map(author, "Square", grid=flat_grid(30, 30), play_count=3)
    make_map(author, "Arena 30x22", play_count=2)
    make_map(author, "Ring 30 x 22", play_count=1)


@pytest.mark.parametrize("q", ["30x22", "30X22", "30×22", "30 x 22", "30 × 22", "30*22", "30x22 "])
def test_a_size_is_a_condition_and_a_word(sized: None, q: str) -> None:
    assert search(q) == ["Arena 30x22", "Ring 30 x 22", "Wide", "High"]
    assert "was read as a size: 30 × 22 cells" in notes(q)[0]


def test_a_size_with_other_words_and_conditions(sized: None) -> None:
    assert search("22x30") == ["Wide", "High"]
    assert search("wide 30x22") == ["Wide"]
    assert search("30x22 plays<5") == ["Arena 30x22", "Ring 30 x 22", "High"]
    assert search("-30x22") == ["Square", "Arena 30x22", "Ring 30 x 22"]
    assert search("size:30x22") == ["Wide", "High"]
    assert search("4x4") == []
    assert notes("4x4") == ()
    assert search('"30 x 22"') == ["Ring 30 x 22", "Arena 30x22"]


# ---- Number of results --------------------------------------------------------------------------


def test_the_number_of_maps_is_shown(client: Client, ranked: None, monkeypatch: Any) -> None:
    query: dict[str, Any] = {"q": "lodz ", "page_size": 2, "count": "yes"}
    response = client.get("/api/v1/maps", query).json()
    assert (response["count"], response["count_is_estimate"]) == (7, False)
    query["cursor"] = response["next"]
    assert client.get("/api/v1/maps", query).json()["count"] == 7
    assert client.get("/api/v1/maps").json()["count"] is None
    assert client.get("/api/v1/maps?count=maybe").status_code == 400
    page = " ".join(client.get("/maps/?q=lodz").content.decode().split())
    assert ">7 maps<" in page.replace("> ", ">").replace(" <", "<")
    monkeypatch.setattr("maps.browse.queries.MAX_COUNTED", 3)
    response = client.get("/api/v1/maps?count=yes&page_size=2").json()
    assert response["count"] >= 4
    assert response["count_is_estimate"]


def test_counting_ends_after_a_time(client: Client, ranked: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "maps.browse.queries.build_count_statement",
        lambda *_: Statement("SELECT pg_sleep(9)", [], is_preparable=False),
    )
    response = client.get("/api/v1/maps?count=yes&page_size=2").json()
    assert response["count_is_estimate"]


# ---- The column ---------------------------------------------------------------------------------


def test_the_trigger_sets_the_words_whoever_writes(author: User) -> None:
    game_map = make_map(author, "Ford")
    GameMap.objects.filter(pk=game_map.pk).update(name="Bridge")
    assert search("bridge") == ["Bridge"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE maps SET search = 'nonsense'")
        cursor.execute("SELECT search FROM maps")
        assert cursor.fetchone()[0] == "'bridg':1A"


@given(
    st.text(st.sampled_from("abcXYZ0129 -_.'é&<>/:"), min_size=3, max_size=40),
    st.one_of(st.none(), st.text(st.sampled_from("theandABxe0129 -_.'&<>/:@"), max_size=60)),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_ascii_has_the_same_words_as_other_text(
    db: None, name: str, description: str | None
) -> None:
    name = name.replace("é", "e")
    joined = re.sub(r"[^A-Za-z0-9]+", "", name + (description or ""))
    assume(not re.search(r"\d[eE]\d", joined))  # these are not parsed as ASCII
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT array_agg(lexeme || weights::text ORDER BY lexeme) FROM (VALUES
                (maps_search_vector_of_any(%(name)s, %(description)s)),
                (maps_search_vector_of_ascii(%(name)s, %(description)s))) AS made (vector),
            LATERAL (
                SELECT lexeme, ARRAY(SELECT DISTINCT unnest(weights)) AS weights FROM unnest(vector)
            ) AS found
            GROUP BY vector""",
            {"name": name, "description": description},
        )
        found = cursor.fetchall()
    assert len(found) < 2 or found[0] == found[1]


def test_long_texts_have_words(author: User) -> None:
    description = "傭兵" * 1200 + " " + "x" * 2500 + " Ёлка" + " a1B" * 5
    make_map(author, "W" * 100, description=description)
    assert search("傭兵") == ["W" * 100]
    assert search("елка") == ["W" * 100]
    assert search("w" * 100) == ["W" * 100]
