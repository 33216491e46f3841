"""The query language of the search box and of the filters beside it. Does not use Django.

    ember "old forge" -swamp author:mira rating>4 size<50 plays>=100 terrain:lava -terrain:water

A term is a word or a quoted phrase that the name or the description must contain. Words are stemmed, and the
last word may be unfinished. A minus excludes a term. A term such as 30x22 is also a size. A condition is one
of FIELDS with an operator and a value.

An invalid part is ignored, and a note reports it. SEPARATORS are the characters between words, here and in
the database.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from maps.terrain.grid import TERRAINS

MAX_QUERY_LENGTH = 200  # characters of the search box
MAX_PARTS = 12  # terms and conditions together
MAX_STARS = 5

# An operator is matched as a whole, even one that is not known, such as !=.
NEGATED, NAME, OPERATOR, VALUE, PHRASE = (
    "-?",
    "[a-zA-Z]+",
    "!*[<>=:~≠≤≥]+",
    r'"[^"]*"|\S*',
    r'"[^"]*"',
)
PART = re.compile(rf"({NEGATED})(?:({NAME})({OPERATOR})({VALUE})|({PHRASE})|\S+)")
# What separates words: all ASCII characters except letters and digits; signs, dashes, quotes, emoji. The
# functions of the database split texts and queries at the same characters (migration 0010_search), after they
# fold them. The ranges work in regular expressions of PostgreSQL and of Python.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
WORD = re.compile(rf"[^\0{SEPARATORS}]+")
# A comparison without a field: a part that begins with an operator, and is not a <tag>.
MISSING_FIELD = re.compile(r"-?!*[<>=≠≤≥:]+[^<>=≠≤≥:]+")
# Words that nearly every text has. Descriptions are not indexed by them, so they are left out of a query,
# unless it has no others: then names are found by them.
STOP_WORDS = frozenset(
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


class InvalidCondition(ValueError):
    """An invalid condition. The text gives the reason, for people."""


@dataclass(frozen=True)
class Condition:
    """A condition such as `rating >= 4`. If it is `negated`, maps must not meet it."""

    field: str
    operator: str
    value: Any
    negated: bool = False


@dataclass(frozen=True)
class Term:
    """A word or a phrase. `typed` is it with the signs between its words; empty if it was corrected.

    If the last word is `unfinished`, all words that begin with it match. A term such as `30x22` also has
    `dimensions`: maps of that size match, too.
    """

    words: tuple[str, ...]
    negated: bool = False
    unfinished: bool = False
    dimensions: tuple[int, int] | None = None
    typed: str = ""

    @property
    def text(self) -> str:
        """What the database folds and splits into words: some signs, such as ², become letters or digits."""
        return self.typed or " ".join(self.words)


@dataclass(frozen=True)
class Query:
    """A parsed query, and notes about the parts that were not understood."""

    terms: tuple[Term, ...] = ()
    conditions: tuple[Condition, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def wanted_terms(self) -> tuple[Term, ...]:
        """The terms to find, without those to exclude."""
        return tuple(term for term in self.terms if not term.negated)


@dataclass(frozen=True)
class Field:
    """A property of maps that conditions compare: its operators, the parser of values, and a hint.

    `choices` are the values that may be suggested for one that is not understood.
    """

    operators: tuple[str, ...]
    parse: Callable[[str], Any]
    hint: str
    choices: tuple[str, ...] = ()


def _parse_stars(text: str) -> Decimal:
    if not re.fullmatch(r"\d(\.\d{1,6})?", text, re.ASCII) or Decimal(text) > MAX_STARS:
        raise InvalidCondition
    return Decimal(text)


def _parse_integer(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise InvalidCondition
    return int(text)


def _choice_parser(choices: Mapping[str, Any]) -> Callable[[str], Any]:
    def parse_choice(text: str) -> Any:
        if text.lower() not in choices:
            raise InvalidCondition
        return choices[text.lower()]

    return parse_choice


def _parse_username(text: str) -> str:
    if not re.fullmatch(r"[\w-]{1,50}", text):
        raise InvalidCondition
    return text.lower()


# Values have the types of the columns that they are compared with. With another type no index is used.
COMPARISONS = ("<", "<=", "=", ">=", ">")
_parse_boolean = _choice_parser({"yes": True, "no": False, "1": True, "0": False})
FIELDS = {
    "rating": Field(COMPARISONS, _parse_stars, "stars from 0 to 5, as in rating>4"),
    "size": Field(COMPARISONS, _parse_integer, "cells of the longer side, as in size<50"),
    "plays": Field(COMPARISONS, _parse_integer, "a number, as in plays>=100"),
    "terrain": Field(
        ("=",),
        _choice_parser({name.lower(): 1 << n for n, name in enumerate(TERRAINS)}),
        f"one of {', '.join(TERRAINS)}, as in terrain:lava",
        tuple(name.lower() for name in TERRAINS),
    ),
    "author": Field(("=",), _parse_username, "a username, as in author:mira"),
    "played": Field(("=",), _parse_boolean, "yes or no"),
    "favourite": Field(("=",), _parse_boolean, "yes or no"),
}
ALIASES = {
    "stars": "rating",
    "by": "author",
    **dict.fromkeys(("favorite", "favorites", "favourites"), "favourite"),
}
FIELD_NAMES = FIELDS.keys() | ALIASES.keys()
OPERATORS = {sign: sign for sign in COMPARISONS} | {":": "=", "≤": "<=", "≥": ">="}
CONDITION_WITH_SPACES = re.compile(
    rf"(?<!\S)(-?(?:{'|'.join(sorted(FIELD_NAMES))}))\s*({OPERATOR})(\s*)({VALUE})", re.I | re.A
)
# The name of a field with numbers, and a number, without an operator between them.
MISSING_OPERATOR = re.compile(
    r"(?<!\S)-?(rating|stars|size|plays)\s+(\d[\d.]{0,8})(?!\S)", re.I | re.A
)
# A size such as 30x22, and quoted phrases, which are left as they are.
DIMENSIONS = re.compile(rf"{PHRASE}|(?<!\S)(-?)(\d{{2,3}})\s*[xX×✕*]\s*(\d{{2,3}})(?!\S)", re.A)
MIN_SIDE, MAX_SIDE = 20, 100  # cells; no map is smaller or larger
# The query parameters of the filters, each with its field and operator.
FILTERS = {
    "author": ("author", "="),
    "terrain": ("terrain", "="),
    "rating_min": ("rating", ">="),
    "size_min": ("size", ">="),
    "size_max": ("size", "<="),
    "plays_min": ("plays", ">="),
    "played": ("played", "="),
    "favourite": ("favourite", "="),
}


def parse_condition(name: str, operator: str, text: str, *, negated: bool = False) -> Condition:
    """Returns a checked condition. Raises InvalidCondition with the reason."""
    name = _resolve_alias(name)
    field = FIELDS.get(name)
    if field is None:
        raise InvalidCondition(
            f"“{name}” is unknown; use one of {', '.join(FIELDS)}{_suggest(name, FIELD_NAMES)}"
        )
    if name == "size" and OPERATORS.get(operator) == "=" and (sides := _parse_dimensions(text)):
        return Condition("dimensions", "=", sides, negated)
    try:
        if OPERATORS.get(operator) not in field.operators:
            raise InvalidCondition
        return Condition(name, OPERATORS[operator], field.parse(text.strip('"')), negated)
    except InvalidCondition as error:
        hint = field.hint + _suggest(text, field.choices)
        raise InvalidCondition(f"“{name}” takes {hint}") from error


def _suggest(text: str, choices: Iterable[str]) -> str:
    """Returns a question for the most similar choice, or nothing if none is similar."""
    nearest = get_close_matches(text.lower(), list(choices), n=1)
    return f". Did you mean “{nearest[0]}”?" if nearest else ""


def _resolve_alias(name: str) -> str:
    return ALIASES.get(name.lower(), name.lower())


@dataclass
class _QueryBuilder:
    terms: list[Term] = dataclass_field(default_factory=list)
    conditions: list[Condition] = dataclass_field(default_factory=list)
    notes: list[str] = dataclass_field(default_factory=list)
    parts_without_words: list[str] = dataclass_field(default_factory=list)

    def add_condition(self, name: str, operator: str, text: str, *, negated: bool = False) -> None:
        try:
            self.conditions.append(parse_condition(name, operator, text, negated=negated))
        except InvalidCondition as error:
            note = f"“{name}{operator}{text:.40}” was left out: {error}"
            self.notes.append(note if note.endswith("?") else f"{note}.")

    def add_words(self, text: str, *, negated: bool, unfinished: bool) -> None:
        words = tuple(WORD.findall(text))
        if MISSING_FIELD.fullmatch(text):
            self.notes.append(f"“{text:.40}” was left out: name what to compare, as in rating>4.")
        elif not words:
            self.parts_without_words.append(text)
        elif negated and _are_stop_words(words):
            self.notes.append(f"“{text:.40}” was left out: it is too common.")
        elif negated:
            self.terms.append(Term(words, negated, typed=text.removeprefix("-")))
        elif dimensions := _parse_dimensions(text):
            self.terms.append(Term(words, dimensions=dimensions, typed=text))
            self.notes.append(f"“{text}” was read as a size: {text.replace('x', ' × ')} cells.")
        else:
            self.terms.append(Term(words, unfinished=unfinished, typed=text))

    def leave_out_stop_words(self) -> None:
        """Removes the stop words if there are other words to find. Adds a note about them in any case."""
        common = [term for term in self.terms if not term.negated and _are_stop_words(term.words)]
        others = [term for term in self.terms if not term.negated and term not in common]
        words = " ".join(" ".join(term.words) for term in common)
        if common and others:
            self.terms = [term for term in self.terms if term not in common]
            self.notes.append(f"“{words:.40}” was left out: it is too common.")
        elif common:
            self.notes.append(f"“{words:.40}” is common, so it was searched for in names only.")

    def add_hints(self, text: str) -> None:
        """Adds notes about parts without words, and about terms that look like conditions."""
        if self.parts_without_words:
            left_out = " ".join(self.parts_without_words)
            self.notes.append(f"“{left_out:.40}” was left out: it contains no word.")
        for name, number in MISSING_OPERATOR.findall(text):
            hint = f"write {name}:{number} to mean the number, or {name}>{number}"
            self.notes.append(f"“{name} {number}” was searched for as words; {hint}.")


def parse(text: str, filters: Mapping[str, str] | None = None) -> Query:
    """Returns the query of the search box and the filters. Never raises: mistakes become notes."""
    builder = _QueryBuilder()
    text = CONDITION_WITH_SPACES.sub(_remove_spaces, text[:MAX_QUERY_LENGTH])
    text = DIMENSIONS.sub(_join_dimensions, text)
    parts = list(PART.finditer(text))
    if len(parts) > MAX_PARTS:
        builder.notes.append(f"Only the first {MAX_PARTS} parts of the search were used.")
    for part in parts[:MAX_PARTS]:
        minus, name, operator, value, phrase = part.groups()
        negated = bool(minus)
        if name and _is_condition(name, operator, value):
            builder.add_condition(name, operator, value, negated=negated)
        elif negated and _parse_dimensions(part[0][1:]):
            builder.add_condition("size", "=", part[0][1:], negated=True)
        else:
            last = part.end() == len(text) and not (phrase or negated or (name and not value))
            builder.add_words(part[0], negated=negated, unfinished=last)
    builder.leave_out_stop_words()
    builder.add_hints(text)
    for parameter, (name, operator) in FILTERS.items():
        if value := (filters or {}).get(parameter, "").strip():
            builder.add_condition(name, operator, value)
    return Query(tuple(builder.terms), tuple(builder.conditions), tuple(builder.notes))


def _parse_dimensions(text: str) -> tuple[int, int] | None:
    """Returns the sides of a size such as 30x22, or None if this is no size that a map can have."""
    sides = tuple(int(side) for side in text.split("x")) if _JOINED.fullmatch(text) else ()
    is_possible = sides and all(MIN_SIDE <= side <= MAX_SIDE for side in sides)
    return (sides[0], sides[1]) if is_possible else None


def _join_dimensions(found: re.Match[str]) -> str:
    """Returns a size without spaces, as in 30x22, if a map can have it."""
    if found[0].startswith('"'):
        return found[0]
    minus, width, height = found.groups()
    joined = f"{width}x{height}"
    return minus + joined if _parse_dimensions(joined) else found[0]


_JOINED = re.compile(r"\d{2,3}x\d{2,3}", re.ASCII)


def _are_stop_words(words: tuple[str, ...]) -> bool:
    return STOP_WORDS.issuperset(word.lower() for word in words)


def _remove_spaces(condition: re.Match[str]) -> str:
    """Returns a condition without spaces around its operator.

    If the condition needs a number, the space before a word remains, so that the word is a term.
    """
    name, operator, gap, value = condition.groups()
    takes_numbers = FIELDS[_resolve_alias(name.removeprefix("-"))].operators == COMPARISONS
    keeps_gap = takes_numbers and not value.strip('"')[:1].isdigit()
    return name + operator + (gap if keeps_gap else "") + value


def _is_condition(name: str, operator: str, value: str) -> bool:
    """Returns whether this is a condition, and not words with signs between them."""
    return name.lower() in FIELD_NAMES or (
        operator in OPERATORS and not (operator == ":" and not value)
    )


def format_terms(terms: tuple[Term, ...]) -> str:
    """Returns terms as a player would type them."""
    parts = []
    for term in terms:
        text = " ".join(term.words)
        parts.append(("-" if term.negated else "") + (f'"{text}"' if " " in text else text))
    return " ".join(parts)


def replace_author(text: str, name: str, other: str) -> str:
    """Returns a query with the author of its conditions replaced."""
    pattern = rf'(?<!\S)(author|by)\s*([:=])\s*"?{re.escape(name)}"?(?!\S)'
    return re.sub(pattern, lambda found: f"{found[1]}{found[2]}{other}", text, flags=re.I)
