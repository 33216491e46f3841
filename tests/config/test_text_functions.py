"""The database's functions on text: folding, what looks the same, and the order of names."""

import unicodedata
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db


def ask(function: str, *texts: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(t) FROM unnest(%s::text[]) WITH ORDINALITY AS texts (t, n) ORDER BY n",
            [list(texts)],
        )
        return [row[0] for row in cursor.fetchall()]


SAME = [
    ("Café", "cafe\u0301", "CAFÉ"),
    ("Straße", "STRASSE", "straẞe"),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ", "οδυσσεύσ"),
    ("ﬁre", "FIRE", "fire"),  # a ligature
    ("Ｆｏｒｔ", "fort"),  # full width
    ("ｶﾞﾝﾀﾞﾑ", "ガンダム"),  # half width
    ("x²", "X2"),
    ("İstanbul", "istanbul", "i\u0307stanbul"),
    ("Ǆ", "dž", "ǆ"),
    ("K", "k"),  # the sign for kelvin
    ("ᾳ", "ᾼ"),
    ("한글", unicodedata.normalize("NFD", "한글")),
    ("Мой", unicodedata.normalize("NFD", "мой")),
    ("❤️", "❤"),
    ("نامه‌ای", "نامهای"),  # a joiner without width
    ("ſize", "size"),
    ("ŉ", "ʼn"),
    ("Å", "Å", "å"),
]
DIFFERENT = [
    ("apfel", "äpfel"), ("lodz", "łódź"), ("и", "й"), ("か", "が"), ("ı", "i"), ("あ", "ア"),
    ("ein", "eın"), ("מים", "מימ"), ("क", "क़"),
]  # fmt: skip


@pytest.mark.parametrize("texts", SAME)
def test_what_looks_the_same_is_the_same(texts: tuple[str, ...]) -> None:
    assert len(set(ask("text_casefold", *texts))) == 1


@pytest.mark.parametrize("texts", DIFFERENT)
def test_what_looks_different_is_not_the_same(texts: tuple[str, ...]) -> None:
    assert len(set(ask("text_casefold", *texts))) == len(texts)


FOLDED = {
    "Łódź": "lodz", "Żółw": "zolw", "Świętokrzyski": "swietokrzyski",
    "Straße": "strasse", "Über": "uber", "Größe": "grosse",
    "Iğdır": "igdir", "İZMİR": "izmir", "Şırnak": "sirnak",
    "Đà Nẵng": "da nang", "Nghệ An": "nghe an", "Hồ Chí Minh": "ho chi minh",
    "Ærø": "aero", "Þór": "thor", "Seyðisfjörður": "seydisfjordur", "Œuvre": "oeuvre", "Ħal": "hal",
    "Ñandú": "nandu", "Ångström": "angstrom", "Çeşme": "cesme", "Čačak": "cacak", "Brâncuși": "brancusi",
    "Οδυσσεύς": "οδυσσευσ", "ΑΘΉΝΑ": "αθηνα", "ϊ": "ι", "Ἀχιλλεύς": "αχιλλευσ",
    "Ёлка": "елка", "Мой": "мои", "Київ": "киiв".replace("i", "і"), "Ґанок": "ганок",
    "מלך": "מלכ", "שלום": "שלומ", "שָׁלוֹם": "שלומ", "ארץ": "ארצ",
    "مُحَمَّد": "محمد", "مــحــمد": "محمد", "أحمد": "احمد", "إيمان": "ايمان", "آدم": "ادم", "مدرسة": "مدرسه",
    "على": "علي", "علی": "علي", "کتاب": "كتاب", "مؤمن": "مومن", "١٢٣": "123", "۱۲۳": "123",
    "ガンダム": "ガンダム", "ｶﾞﾝﾀﾞﾑ": "ガンダム", "傭兵と小説家": "傭兵と小説家", "ぱぴぷ": "ぱぴぷ",
    "한글 성": "한글 성", "ภูเขาน้ำ": "ภูเขาน้ํา",
    "हिन्दी": "हिन्दी", "১২": "12", "Fort🔥": "fort🔥", "x²": "x2", "Ⅳ": "iv", "½": "1⁄2",
}  # fmt: skip


@pytest.mark.parametrize("text", FOLDED)
def test_text_is_folded(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert ask("text_fold", text, decomposed, text.upper()) == [
        FOLDED[text],
        FOLDED[text],
        ask("text_fold", text.upper())[0],
    ]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"), max_size=30)
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_folding_is_the_same_in_each_form_and_after_folding(db: Any, text: str) -> None:
    for function in ("text_casefold", "text_fold", "text_sort_key"):
        composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
        one, other = ask(function, composed, decomposed)
        assert one == other, function
        if function != "text_sort_key":
            assert ask(function, one) == [one], function


SORTED = [
    ["9 maps", "10 maps", "100 maps"],
    ["Level 1", "Level 2", "Level 10", "Level 10 b"],
    ["äpfel", "Östlich", "zebra"],
    ["apfel", "äpfel", "Apfelbaum"],
    ["v1.2", "v1.9", "v1.10", "v2"],
    ["a", "B", "c", "D"],
    ["Łódź", "Lublin", "Żary"],
    ["Élan", "Ember", "été"],
    ["007", "8", "009", "10"],
    ["_x", "!y", "1", "a"],
    ["🔥 Fort", "7 forts", "Fort"],
    ["Ёлка", "ёлки", "ель", "жук"],
    ["Σάμος", "Σύρος", "Τήνος"],
    ["第2章", "第10章"],
    ["１", "2", "１０"],
    ["map ٢", "map 3", "map ١٠"],
    ["map", "map 2", "map2", "mapa"],
    ["1" * 20, "2" * 20],
]


@pytest.mark.parametrize("names", SORTED)
def test_names_are_sorted_as_a_person_sorts_them(names: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT t FROM unnest(%s::text[]) AS t ORDER BY text_sort_key(t) COLLATE "C", t COLLATE "C"',
            [names[::-1]],
        )
        assert [row[0] for row in cursor.fetchall()] == names


def test_functions_of_indexes_do_not_depend_on_the_search_path() -> None:
    """A restore has an empty one."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''")
        cursor.execute("SELECT public.text_sort_key('Ä 2'), public.username_key('Ä-b')")
        assert cursor.fetchone() == ("a 00000000000000000002\x01ä 2", "ab")
