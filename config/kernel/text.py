"""The one rule for all text that people enter, whichever way it comes in. Pure.

Text is kept in Unicode's normal form C, its lines end with a line feed, and space around it is dropped. What
no reader can see, or what changes the text around it, is refused with its code point: control characters,
halves of characters, noncharacters, marks of direction, and all that Unicode calls default ignorable. Those
that a script or an emoji needs stay where they are needed: joiners between letters of Arabic and Indic
scripts and in emoji, variation selectors after emoji and Mongolian letters, the flags of England, Scotland
and Wales. Combining marks are bounded, for each character and in all.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from config.kernel.errors import InvalidInput

SHORTEST_NAME = 3


@dataclass(frozen=True)
class Rule:
    """How a kind of text may be: its length in characters, after normalisation, and whether it has lines.

    One that `keeps_space` has it at its ends, too: a search takes a last word without one for unfinished.
    `code` is that of a length that is wrong, and `noun` begins the sentence that says so.
    """

    longest: int
    shortest: int = 0
    has_lines: bool = False
    keeps_space: bool = False
    code: str = "invalid"
    noun: str = "This"

    @property
    def length(self) -> str:
        """The lengths that are right, as a sentence."""
        if self.shortest:
            return f"{self.noun} has {self.shortest} to {self.longest:,} characters."
        return f"{self.noun} has up to {self.longest:,} characters."


def _name(longest: int) -> Rule:
    return Rule(longest, SHORTEST_NAME, code="name_length", noun="A name")


def _description(longest: int) -> Rule:
    return Rule(longest, has_lines=True, code="description_length", noun="A description")


# The kinds of text. Columns are as long as these, or longer.
RULES = {
    "map_name": _name(100),
    "map_description": _description(5000),
    "collection_name": _name(60),
    "collection_description": _description(500),
    "tribe_name": _name(20),
    "group_name": Rule(150, 1, noun="A name"),
    "reason": Rule(500, 1, has_lines=True, code="invalid_reason", noun="A reason"),
    "chat": Rule(300, 1, has_lines=True, noun="A message"),
    "search": Rule(200, keeps_space=True, noun="A search"),
    "code": Rule(20, noun="A code"),
    "ticket": Rule(100, 1, noun="A ticket"),
    "device": Rule(100, noun="The name of a device"),
}

# ---- What is refused ----------------------------------------------------------------------------

MOST_MARKS = 4  # nonspacing ones on one character; more, and they cover the lines above
MOST_MARKS_OF_TIBETAN = 8  # whose letters stand below each other, and are marks to Unicode
MOST_MARKS_WITH_SPACING = 8  # together with those that stand beside their character
# Marks of a whole text: so many, and this share of its other characters. Quranic Arabic and Hebrew with
# vowels and accents have a little more than one for each letter.
FREE_MARKS, MARKS_PER_CHARACTER = 4, 1.5
# Letters and signs by their category, and nothing to see.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U0001d159")

CONTROL = "\0-\x09\x0b-\x1f\x7f-\x9f"
LINE_SEPARATORS = "\u2028\u2029"
SURROGATES = "\ud800-\udfff"
DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
)
# Default_Ignorable_Code_Point of Unicode, and the marks of interlinear annotations, which show as little.
INVISIBLE = (
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# The code of a refusal, what it says of the character, and the characters.
REFUSED = (
    ("control_character", "a control character", CONTROL),
    ("control_character", "half a character", SURROGATES),
    ("bidirectional_character", "which turns the direction of text", DIRECTION),
    ("noncharacter", "which is no character", NONCHARACTERS),
    ("invisible_character", "which can't be seen", INVISIBLE),
)
CODES = frozenset(code for code, _, _ in REFUSED) | {"too_many_marks"}
KINDS = [(code, words, re.compile(f"[{characters}]")) for code, words, characters in REFUSED]
HOSTILE = re.compile(f"[{''.join(characters for _, _, characters in REFUSED)}]")

# ---- What of it is needed -----------------------------------------------------------------------

EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
# Scripts whose letters take other shapes beside each other: Arabic to N'Ko and Mandaic, Adlam, Rohingya.
ARABIC = (
    "\u0620-\u08ff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010d00-\U00010d3f\U0001e900-\U0001e95f"
)
# India, Sri Lanka and their neighbours.
INDIC = (
    "\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf\u1b00-\u1bff\u1c00-\u1c4f\ua840-\ua8ff"
    "\ua980-\ua9ff\uaa00-\uaa7f\uaae0-\uaaff\uabc0-\uabff\U00011000-\U00011fff"
)
MONGOLIAN = "\u1820-\u18aa"
VIRAMA_CLASS = 9  # the canonical combining class of the signs that take a letter's vowel away
VIRAMAS = "".join(
    chr(n)
    for n in (*range(0x900, 0x1C50), *range(0xA840, 0xAC00), *range(0x11000, 0x12000))
    if unicodedata.combining(chr(n)) == VIRAMA_CLASS
)


def _tags(region: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"


NEEDED = re.compile(
    "|".join(
        (
            rf"(?<=[{EMOJI}\ufe0f])\u200d(?=[{EMOJI}])",
            rf"(?<=[{EMOJI}])[\ufe0e\ufe0f]",
            r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
            rf"(?<=[{ARABIC}{INDIC}])[\u200c\u200d](?=[{ARABIC}{INDIC}])",
            rf"(?<=[{VIRAMAS}])[\u200c\u200d]",  # at the end of a word
            rf"(?<=[{ARABIC}])\u200d",
            rf"(?<=[{MONGOLIAN}])[\u180b-\u180f]",
            "(?<=\U0001f3f4)(?:" + "|".join(map(_tags, ("gbeng", "gbsct", "gbwls"))) + ")",
        )
    )
)

# ---- The rule -----------------------------------------------------------------------------------


def checked(value: Any, kind: str, field: str) -> str:
    """A text as it is kept. Raises DomainError, a 400 for the field, unless it obeys the rule of its kind."""
    if type(value) is not str:
        raise InvalidInput("invalid", "Text is needed here.", field=field)
    rule = RULES[kind]
    if len(value) > 4 * rule.longest + 100:  # normalisation makes nothing that much shorter
        raise InvalidInput(rule.code, rule.length, field=field)
    text = normalized(value, keeps_space=rule.keeps_space)
    if fault := fault_of(text):
        raise InvalidInput(*fault, field=field)
    if not rule.shortest <= len(text) <= rule.longest:
        raise InvalidInput(rule.code, rule.length, field=field)
    if "\n" in text and not rule.has_lines:
        raise InvalidInput("control_character", f"{rule.noun} has one line.", field=field)
    if rule.shortest and not shows(text):
        code = rule.code.replace("name_length", "name_blank")
        raise InvalidInput(code, f"{rule.noun} needs something to read.", field=field)
    return text


def normalized(text: str, *, keeps_space: bool = False) -> str:
    """Text in normal form C, its lines ended by a line feed; without space around it, unless that is kept."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for separator in LINE_SEPARATORS:
        text = text.replace(separator, "\n")
    text = unicodedata.normalize("NFC", text)
    return text if keeps_space else text.strip()


def fault_of(text: str) -> tuple[str, str] | None:
    """Code and sentence of the first thing that no text may hold, whatever its kind. None for a good text."""
    if HOSTILE.search(text) and (found := HOSTILE.search(NEEDED.sub("", text))):
        code, words = next((code, words) for code, words, kind in KINDS if kind.match(found[0]))
        return code, f"This holds {named(found[0])}, {words}."
    if has_too_many_marks(text):
        words = (
            f"A character has {MOST_MARKS} accents at the most, a text three for two characters."
        )
        return "too_many_marks", words
    return None


def cleaned(text: str, kind: str) -> str:
    """A text that nobody can be asked to mend, without what is refused, cut to the length of its kind."""
    text = normalized(text[: 4 * RULES[kind].longest])
    while found := HOSTILE.search(NEEDED.sub("", text)):
        text = text.replace(found[0], "")
    if has_too_many_marks(text):
        text = "".join(c for c in text if unicodedata.category(c)[0] != "M")
    return normalized(text.replace("\n", " ")[: RULES[kind].longest])


def named(character: str) -> str:
    """A character by its code point, and by its name where it has one."""
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"


def shows(text: Iterable[str]) -> bool:
    """Whether there is something to see: a letter, a digit, punctuation or a sign."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in set(text) - BLANKS)


def has_too_many_marks(text: str) -> bool:
    """Whether combining marks pile up on one character, or there are many more than a script needs."""
    others = nonspacing = row = nonspacing_row = 0
    most = MOST_MARKS
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "M":
            row += 1
            if category != "Mc":
                nonspacing, nonspacing_row = nonspacing + 1, nonspacing_row + 1
            if nonspacing_row > most or row > MOST_MARKS_WITH_SPACING:
                return True
        elif category != "Cf":  # what is not seen ends no row
            others, row, nonspacing_row = others + 1, 0, 0
            most = MOST_MARKS_OF_TIBETAN if "\u0f00" <= character <= "\u0fff" else MOST_MARKS
    return nonspacing > FREE_MARKS + MARKS_PER_CHARACTER * others
