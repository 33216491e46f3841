"""The language of the search box: what is read, what is noted, and that nothing breaks it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.search.language import (
    FIELDS,
    FILTERS,
    MAX_PARTS,
    Condition,
    Term,
    parse,
    to_prefix_tsquery,
    to_tsquery,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("ember", "ember:*"),
        ("ember ", "ember"),
        ("Old forge", "Old & forge:*"),
        ('"old forge"', "(old <-> forge)"),
        ("ember -swamp", "ember & !(swamp)"),
        ('-"old forge" x', "!(old <-> forge) & x:*"),
        ("well-known", "(well <-> known:*)"),
        ("Level 2: the end", "Level & 2 & the & end:*"),
        ("50% 'x' & | ! ( :* <->", "50 & x"),
        ("title: ember", "title & ember:*"),
        ("ember!=x", "(ember <-> x:*)"),
        ("ſize > 5", "ſize & 5:*"),  # a letter that ignoring the case takes for an s
        ("wow! great~", "wow & great"),
        ('"unclosed', "unclosed:*"),
        ('- -- "" \'', ""),
        ("North/South v2.1", "(North <-> South) & (v2 <-> 1:*)"),
        ("T-34 <b>bold</b>", "(T <-> 34) & (b <-> bold <-> b:*)"),
        ("dragon’s don't", "(dragon <-> s) & (don <-> t)"),
        (
            "cafe\u0301 हिन्दी",
            "cafe\u0301 & हिन्दी:*",
        ),  # accents and signs of vowels are no ends of words
        ("Burg—Tor🔥x²", "(Burg <-> Tor <-> x:*)"),
        ("A/፨/B ford", "A & ፨ & B & ford:*"),  # no phrase of what not every database has for a word
        ("Hold On", "Hold & On"),  # and no word that begins with "on"
        ("-hold on", "!(hold) & on:*"),
        ("of the", "of & the:*"),
        ("ford -the", "ford"),
        ('ford -"of the"', "ford"),
        ('ford -"the end"', "ford & !(the <-> end)"),
        ("größe", "größe:*"),
    ],
)
def test_words(text: str, terms: str) -> None:
    query = parse(text)
    assert to_tsquery(query.terms) == terms
    assert not query.conditions


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("author:Mira", Condition("author", "=", "mira")),
        ("by:mira-2_x", Condition("author", "=", "mira-2_x")),
        ("rating>4", Condition("rating", ">", Decimal("4.0"))),
        ("stars<=3.5", Condition("rating", "<=", Decimal("3.5"))),
        ("RATING:4", Condition("rating", "=", Decimal("4.0"))),
        ("size<50", Condition("size", "<", 50)),
        ('plays>="100"', Condition("plays", ">=", 100)),
        ("terrain:Lava", Condition("terrain", "=", 16)),
        ("-terrain=water", Condition("terrain", "=", 8, negated=True)),
        ("played:no", Condition("played", "=", False)),
        ("favorite:yes", Condition("favourite", "=", True)),
        ("favorites:yes", Condition("favourite", "=", True)),
        ("rating > 4", Condition("rating", ">", Decimal("4.0"))),
        ("rating> 4", Condition("rating", ">", Decimal("4.0"))),
        ("-Rating >=4", Condition("rating", ">=", Decimal("4.0"), negated=True)),
        ("rating≥4", Condition("rating", ">=", Decimal("4.0"))),
        ("size ≤ 50", Condition("size", "<=", 50)),
        ("author : mira", Condition("author", "=", "mira")),
        ('plays = "7"', Condition("plays", "=", 7)),
    ],
)
def test_conditions(text: str, condition: Condition) -> None:
    query = parse(f"ember {text}")
    assert query.conditions == (condition,)
    assert to_tsquery(query.terms) == "ember"
    assert not query.notes


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("colour:red", "there is no “colour” to search by"),
        ("rating>abc", "“rating” takes stars from 0 to 5"),
        ("rating>6", "stars from 0 to 5"),
        ("rating>-1", "stars from 0 to 5"),
        ("rating>nan", "stars from 0 to 5"),
        ("plays>1e9", "a number"),
        ("plays>99999999999", "a number"),
        ("plays>1.5", "a number"),
        ("plays>١٢", "a number"),
        ("size<", "cells of the longer side"),
        ("terrain>lava", "one of Grass"),
        ("terrain:sand", "one of Grass"),
        ("author:?", "a username"),
        ("author:a'b", "a username"),
        ("played:maybe", "yes or no"),
        ("rating!=4", "“rating!=4” was left out: “rating” takes stars"),
        ("rating ≠ 4", "stars from 0 to 5"),
        ("rating => 4", "stars from 0 to 5"),
        ("plays == 4", "a number"),
        ("size ~50", "cells of the longer side"),
        ("terrain > lava", "one of Grass"),
        ("rating >", "stars from 0 to 5"),
        ("-rating >=", "stars from 0 to 5"),
        ("colour=red", "there is no “colour” to search by"),
        (">4", "“>4” was left out: it doesn't say of what"),
        ("<=4.5", "it doesn't say of what"),
        (":lava", "it doesn't say of what"),
        ("->4", "“->4” was left out: it doesn't say of what"),
        ("%%%", "“%%%” was left out: there is no word in it"),
        ('""', "there is no word in it"),
        (">>>", "there is no word in it"),
        ("=", "there is no word in it"),
        ("\\", "there is no word in it"),
        ("% - &", "“% - &” was left out: there is no word in it"),
        ("-the", "“-the” was left out: it is in so many texts"),
        ('-"Of the"', "it is in so many texts"),
    ],
)
def test_what_means_nothing_is_said_and_the_rest_still_works(text: str, note: str) -> None:
    query = parse(f"{text} ember")
    assert len(query.notes) == 1
    assert note in query.notes[0]
    assert to_tsquery(query.terms) == "ember:*"
    assert not query.conditions


@pytest.mark.parametrize("text", ["rating 4", "SIZE 50", "plays  100.5", "-stars 3"])
def test_a_number_behind_a_name_is_two_words_and_a_hint(text: str) -> None:
    query = parse(f"{text} ember")
    assert len(query.terms) >= 3
    assert "was searched for as words" in query.notes[0]


@pytest.mark.parametrize("text", ["rating four", "ember 4", "ratings 4", "size 4x", "rating>4 4"])
def test_what_is_but_words_has_no_hint(text: str) -> None:
    assert parse(text).notes == ()


def test_a_name_is_a_value_behind_a_space() -> None:
    assert parse("author: ember").conditions == (Condition("author", "=", "ember"),)
    assert parse("ember author:").notes


def test_the_controls_say_the_same_as_the_box() -> None:
    box = parse(
        "author:mira terrain:lava rating>=4 size>=30 size<=50 plays>=10 played:no favourite:yes"
    )
    controls = {
        "author": "Mira", "terrain": "lava", "rating_min": "4", "size_min": "30",
        "size_max": "50", "plays_min": "10", "played": "no", "favourite": "yes",
    }  # fmt: skip
    assert controls.keys() == FILTERS.keys()
    assert parse("", controls).conditions == box.conditions
    assert {condition.field for condition in box.conditions} == FIELDS.keys()
    assert len(parse("", dict.fromkeys(controls, "?")).notes) == len(FILTERS)


def test_an_unfinished_word_stands_for_the_stems_of_what_it_begins() -> None:
    term = Term(("old", "wanderi"), unfinished=True, stems=("wander",))
    assert to_prefix_tsquery(term) == "wanderi:* | wander"


def test_only_so_many_parts_are_used() -> None:
    query = parse("a " * 60)
    assert len(query.terms) == MAX_PARTS
    assert "Only the first" in query.notes[0]


@given(st.text(max_size=220), st.dictionaries(st.sampled_from(sorted(FILTERS)), st.text()))
def test_whatever_is_typed_is_read(text: str, controls: dict[str, str]) -> None:
    query = parse(text, controls)
    terms = to_tsquery(query.terms)
    assert not set("'\\%\0") & set(terms)
