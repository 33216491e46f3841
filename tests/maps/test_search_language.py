"""The query language: terms, conditions, notes, and that any text can be parsed."""

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
)


def written(terms: tuple[Term, ...]) -> str:
    """Returns terms in the notation of PostgreSQL's to_tsquery."""
    parts = []
    for term in terms:
        part = " <-> ".join(term.words) + (":*" if term.unfinished else "")
        if term.negated:
            part = f"!({part})"
        elif len(term.words) > 1:
            part = f"({part})"
        parts.append(part)
    return " & ".join(parts)


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
        ("Level 2: the end", "Level & 2 & end:*"),
        ("50% 'x' & | ! ( :* <->", "50 & x"),
        ("title: ember", "title & ember:*"),
        ("ember!=x", "(ember <-> x:*)"),
        ("ſize > 5", "ſize & 5:*"),  # a letter that equals "s" if case is ignored
        ("wow! great~", "wow & great"),
        ('"unclosed', "unclosed:*"),
        ('- -- "" \'', ""),
        ("North/South v2.1", "(North <-> South) & (v2 <-> 1:*)"),
        ("T-34 <b>bold</b>", "(T <-> 34) & (b <-> bold <-> b:*)"),
        ("dragon’s don't", "(dragon <-> s)"),
        (
            "cafe\u0301 हिन्दी",
            "cafe\u0301 & हिन्दी:*",
        ),  # accents and vowel signs do not end words
        ("Burg—Tor🔥x²", "(Burg <-> Tor <-> x:*)"),
        ("A/፨/B ford", "(A <-> ፨ <-> B) & ford:*"),
        ("Hold On", "Hold"),
        ("-hold on", "!(hold) & on:*"),
        ("of the", "of & the:*"),
        ("ford -the", "ford"),
        ('ford -"of the"', "ford"),
        ('ford -"the end"', "ford & !(the <-> end)"),
        ("größe", "größe:*"),
    ],
)
def test_words_become_terms(text: str, terms: str) -> None:
    query = parse(text)
    assert written(query.terms) == terms
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
def test_conditions_are_parsed(text: str, condition: Condition) -> None:
    query = parse(f"ember {text}")
    assert query.conditions == (condition,)
    assert written(query.terms) == "ember"
    assert not query.notes


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("colour:red", "“colour” is unknown"),
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
        ("colour=red", "“colour” is unknown"),
        (">4", "“>4” was left out: name what to compare"),
        ("<=4.5", "name what to compare"),
        (":lava", "name what to compare"),
        ("->4", "“->4” was left out: name what to compare"),
        ("%%%", "“%%%” was left out: it contains no word"),
        ('""', "it contains no word"),
        (">>>", "it contains no word"),
        ("=", "it contains no word"),
        ("\\", "it contains no word"),
        ("% - &", "“% - &” was left out: it contains no word"),
        ("-the", "“-the” was left out: it is too common"),
        ('-"Of the"', "it is too common"),
    ],
)
def test_parts_without_meaning_get_a_note_and_the_rest_works(text: str, note: str) -> None:
    query = parse(f"{text} ember")
    assert len(query.notes) == 1
    assert note in query.notes[0]
    assert written(query.terms) == "ember:*"
    assert not query.conditions


@pytest.mark.parametrize("text", ["rating 4", "SIZE 50", "plays  100.5", "-stars 3"])
def test_a_missing_operator_gets_a_hint(text: str) -> None:
    query = parse(f"{text} ember")
    assert len(query.terms) >= 3
    assert "was searched for as words" in query.notes[0]


@pytest.mark.parametrize("text", ["rating four", "ember 4", "ratings 4", "size 4x", "rating>4 4"])
def test_plain_words_get_no_hint(text: str) -> None:
    assert parse(text).notes == ()


def test_a_username_may_follow_a_space() -> None:
    assert parse("author: ember").conditions == (Condition("author", "=", "ember"),)
    assert parse("ember author:").notes


def test_filters_mean_the_same_as_conditions() -> None:
    box = parse(
        "author:mira terrain:lava rating>=4 size>=30 size<=50 plays>=10 played:no favourite:yes"
    )
    filters = {
        "author": "Mira", "terrain": "lava", "rating_min": "4", "size_min": "30",
        "size_max": "50", "plays_min": "10", "played": "no", "favourite": "yes",
    }  # fmt: skip
    assert filters.keys() == FILTERS.keys()
    assert parse("", filters).conditions == box.conditions
    assert {condition.field for condition in box.conditions} == FIELDS.keys()
    assert len(parse("", dict.fromkeys(filters, "?")).notes) == len(FILTERS)


def test_the_number_of_parts_is_limited() -> None:
    query = parse("a " * 60)
    assert len(query.terms) == MAX_PARTS
    assert "Only the first" in query.notes[0]


@given(st.text(max_size=220), st.dictionaries(st.sampled_from(sorted(FILTERS)), st.text()))
def test_any_text_can_be_parsed(text: str, filters: dict[str, str]) -> None:
    query = parse(text, filters)
    terms = written(query.terms)
    assert not set("'\\%\0") & set(terms)
