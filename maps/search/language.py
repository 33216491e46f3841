"""The language of the search box, and of its form controls: words, and conditions. Pure of Django.

    ember "old forge" -swamp author:mira rating>4 size<50 plays>=100 terrain:lava -terrain:water

Words are searched for in name and description: stemmed, the last one also unfinished; in quotes as a
phrase; with a minus they must not occur. A condition is a name of FIELDS, a comparison and a value.
Whatever means nothing is left out, and said. What lies between words is SEPARATORS, here and in the
database alike.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from maps.terrain.grid import TERRAINS

LONGEST = 200  # characters of the search box
MOST_PARTS = 12  # words and conditions together
MOST_STARS = 5

# A sign is read whole, also one that means nothing, as != does.
NEGATED, NAME, SIGN, VALUE, PHRASE = "-?", "[a-zA-Z]+", "!*[<>=:~≠≤≥]+", r'"[^"]*"|\S*', r'"[^"]*"'
PART = re.compile(rf"({NEGATED})(?:({NAME})({SIGN})({VALUE})|({PHRASE})|\S+)")
# What lies between words: all of ASCII but letters and digits, signs, dashes, quotes, emoji. The column
# `search` has spaces instead (maps/models/indexes.py), or PostgreSQL would take "North/South" for a file,
# "v2.1" for a host and "-34" for a number. A range of PostgreSQL's expressions and of Python's alike; not
# what either takes for a letter, since they disagree about accents and digits. What else there is they
# leave to PostgreSQL, on both sides.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
WORD = re.compile(rf"[^\0{SEPARATORS}]+")
# A comparison of nothing: a part that begins with its sign, and is no <tag>.
NAMELESS = re.compile(r"-?!*[<>=≠≤≥:]+[^<>=≠≤≥:]+")
# PostgreSQL's dictionary has no stem for these, so that no map is found by them, nor left out.
COMMON = frozenset(
    """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself
    she her hers herself it its itself they them their theirs themselves what which who whom
    this that these those am is are was were be been being have has had having do does did doing
    a an the and but if or because as until while of at by for with about against between into
    through during before after above below to from up down in out on off over under again
    further then once here there when where why how all any both each few more most other some
    such no nor not only own same so than too very s t can will just don should now
    """.split()
)


class Nonsense(ValueError):
    """A condition that means nothing. The text says why, to people."""


@dataclass(frozen=True)
class Condition:
    """`name sign value`, as `rating >= 4`; `negated` turns it round."""

    name: str
    sign: str
    value: Any
    negated: bool = False


@dataclass(frozen=True)
class Words:
    """Words that stand together: one, or a phrase.

    The last one may be unfinished; `stems` are then of words that it begins, where they are not begun by it
    themselves, as `wander` is not by "wanderi".
    """

    words: tuple[str, ...]
    negated: bool = False
    unfinished: bool = False
    stems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """What was asked for, and what of it was not understood."""

    words: tuple[Words, ...] = ()
    conditions: tuple[Condition, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """What a condition may say of a map: which signs, and how its value is read."""

    signs: tuple[str, ...]
    read: Callable[[str], Any]
    says: str


def _stars(text: str) -> Decimal:
    if not re.fullmatch(r"\d(\.\d{1,6})?", text, re.ASCII) or Decimal(text) > MOST_STARS:
        raise Nonsense
    return Decimal(text)


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Nonsense
    return int(text)


def _choice(choices: Mapping[str, Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text.lower() not in choices:
            raise Nonsense
        return choices[text.lower()]

    return read


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w-]{1,50}", text):
        raise Nonsense
    return text.lower()


# Values have the types of the columns that they are compared with: others would shut out the indexes.
COMPARED = ("<", "<=", "=", ">=", ">")
YES_OR_NO = _choice({"yes": True, "no": False, "1": True, "0": False})
FIELDS = {
    "rating": Field(COMPARED, _stars, "stars from 0 to 5, as in rating>4"),
    "size": Field(COMPARED, _whole, "cells of the longer side, as in size<50"),
    "plays": Field(COMPARED, _whole, "a number, as in plays>=100"),
    "terrain": Field(
        ("=",),
        _choice({name.lower(): 1 << n for n, name in enumerate(TERRAINS)}),
        f"one of {', '.join(TERRAINS)}, as in terrain:lava",
    ),
    "author": Field(("=",), _name, "a username, as in author:mira"),
    "played": Field(("=",), YES_OR_NO, "yes or no"),
    "favourite": Field(("=",), YES_OR_NO, "yes or no"),
}
ALIASES = {
    "stars": "rating",
    "by": "author",
    **dict.fromkeys(("favorite", "favorites", "favourites"), "favourite"),
}
NAMES = FIELDS.keys() | ALIASES.keys()
SIGNS = {sign: sign for sign in COMPARED} | {":": "=", "≤": "<=", "≥": ">="}
SPACED = re.compile(
    rf"(?<!\S)(-?(?:{'|'.join(sorted(NAMES))}))\s*({SIGN})(\s*)({VALUE})", re.I | re.A
)
# A number behind the name of one, without a sign.
UNSIGNED = re.compile(r"(?<!\S)-?(rating|stars|size|plays)\s+(\d[\d.]{0,8})(?!\S)", re.I | re.A)
# The form's controls, which say the same: a parameter of the address, its field and its sign.
CONTROLS = {
    "author": ("author", "="),
    "terrain": ("terrain", "="),
    "rating_min": ("rating", ">="),
    "size_min": ("size", ">="),
    "size_max": ("size", "<="),
    "plays_min": ("plays", ">="),
    "played": ("played", "="),
    "favourite": ("favourite", "="),
}


def condition(name: str, sign: str, text: str, *, negated: bool = False) -> Condition:
    """One condition, checked. Raises Nonsense with the reason."""
    name = _whole_name(name)
    known = FIELDS.get(name)
    if known is None:
        raise Nonsense(f"there is no “{name}” to search by; there are {', '.join(FIELDS)}")
    try:
        if SIGNS.get(sign) not in known.signs:
            raise Nonsense
        return Condition(name, SIGNS[sign], known.read(text.strip('"')), negated)
    except Nonsense as error:
        raise Nonsense(f"“{name}” takes {known.says}") from error


def _whole_name(name: str) -> str:
    return ALIASES.get(name.lower(), name.lower())


@dataclass
class _Reading:
    words: list[Words] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wordless: list[str] = field(default_factory=list)

    def add_condition(self, name: str, sign: str, text: str, *, negated: bool = False) -> None:
        try:
            self.conditions.append(condition(name, sign, text, negated=negated))
        except Nonsense as error:
            self.notes.append(f"“{name}{sign}{text:.40}” was left out: {error}.")

    def add_words(self, text: str, *, negated: bool, unfinished: bool) -> None:
        found = tuple(WORD.findall(text))
        if NAMELESS.fullmatch(text):
            self.notes.append(
                f"“{text:.40}” was left out: it doesn't say of what, as rating>4 does."
            )
        elif not found:
            self.wordless.append(text)
        elif negated and _are_common(found):
            self.notes.append(f"“{text:.40}” was left out: it is in so many texts.")
        elif negated:
            self.words.append(Words(found, negated))
        else:
            phrases = [tuple(some) for _, some in groupby(found, key=_is_surely_word)]
            self.words += map(Words, phrases)
            self.words[-1] = replace(self.words[-1], unfinished=unfinished)

    def end_common(self) -> None:
        """A common last word is a whole one where there are others to find: maps may be named "Hold On"."""
        *others, last = self.words or [Words(())]
        found = any(not (group.negated or _are_common(group.words)) for group in others)
        if found and last.unfinished and _are_common(last.words):
            self.words[-1] = replace(last, unfinished=False)

    def add_hints(self, text: str) -> None:
        """What is not wrong, or of so little weight that one note does for all of it."""
        if self.wordless:
            left_out = " ".join(self.wordless)
            self.notes.append(f"“{left_out:.40}” was left out: there is no word in it.")
        for name, number in UNSIGNED.findall(text):
            hint = f"write {name}:{number} to mean the number, or {name}>{number}"
            self.notes.append(f"“{name} {number}” was searched for as words; {hint}.")


def read(text: str, controls: Mapping[str, str] | None = None) -> Query:
    """The search box, and the form's controls beside it. Never fails: what means nothing is noted."""
    reading = _Reading()
    text = SPACED.sub(_without_spaces, text[:LONGEST])
    parts = list(PART.finditer(text))
    if len(parts) > MOST_PARTS:
        reading.notes.append(f"Only the first {MOST_PARTS} parts of the search were used.")
    for part in parts[:MOST_PARTS]:
        minus, name, sign, value, phrase = part.groups()
        negated = bool(minus)
        if name and _is_condition(name, sign, value):
            reading.add_condition(name, sign, value, negated=negated)
        else:
            last = part.end() == len(text) and not (phrase or negated or (name and not value))
            reading.add_words(part[0], negated=negated, unfinished=last)
    reading.end_common()
    reading.add_hints(text)
    for control, (name, sign) in CONTROLS.items():
        if value := (controls or {}).get(control, "").strip():
            reading.add_condition(name, sign, value)
    return Query(tuple(reading.words), tuple(reading.conditions), tuple(reading.notes))


def _are_common(words: tuple[str, ...]) -> bool:
    return COMMON.issuperset(word.lower() for word in words)


def _is_surely_word(word: str) -> bool:
    """Whether every database has it among its words: one that has no "፨" misses none between two others."""
    return any(letter.isalpha() or letter.isdecimal() for letter in word)


def _without_spaces(spaced: re.Match[str]) -> str:
    """A condition with spaces round its sign as one without; a word where a number should be stays one."""
    name, sign, gap, value = spaced.groups()
    takes_numbers = FIELDS[_whole_name(name.removeprefix("-"))].signs == COMPARED
    apart = takes_numbers and not value.strip('"')[:1].isdigit()
    return name + sign + (gap if apart else "") + value


def _is_condition(name: str, sign: str, value: str) -> bool:
    """Whether `name sign value` is meant to be one, and not words with signs between them."""
    return name.lower() in NAMES or (sign in SIGNS and not (sign == ":" and not value))


def as_typed(words: tuple[Words, ...]) -> str:
    """The words as somebody would type them."""
    parts = []
    for group in words:
        text = " ".join(group.words)
        parts.append(("-" if group.negated else "") + (f'"{text}"' if " " in text else text))
    return " ".join(parts)


def text_query(words: tuple[Words, ...]) -> str:
    """The words in the language of PostgreSQL's to_tsquery: letters and digits, and its operators."""
    terms = []
    for group in words:
        term = " <-> ".join(group.words) + (":*" if group.unfinished else "")
        if group.negated:
            term = f"!({term})"
        elif len(group.words) > 1:
            term = f"({term})"
        terms.append(term)
    return " & ".join(terms)


def begun_query(group: Words) -> str:
    """The unfinished word of a group, as stems that are not to be stemmed again: what begins so.

    Among them are those begun by a word too common to be searched for, as "forge" is by "for".
    """
    return " | ".join((f"{group.words[-1]}:*", *group.stems))
