"""The rules for all text that people enter, through any edge. Pure.

Text is stored in Unicode's normal form C, with line feeds and without space at its beginning and end.

Characters that are invisible, or that change the text around them, are rejected with their code point:
control characters, surrogates, noncharacters, direction marks, and all that Unicode calls default ignorable.
Some scripts and emoji need such characters, so they are allowed in some places: joiners between letters of
Arabic and Indic scripts and in emoji, variation selectors after emoji and Mongolian letters, and tags in the
flags of England, Scotland and Wales. The number of combining marks is limited, for each character and in
total.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from config.kernel.errors import InvalidInput

MIN_NAME_LENGTH = 3


@dataclass(frozen=True)
class TextRule:
    """The rule for a kind of text: its length in characters after normalization, and whether it has lines.

    A search is not stripped, because space after the last word means that the word is complete. `code` is the
    error code for a wrong length. The sentence of the error begins with `noun`.
    """

    max_length: int
    min_length: int = 0
    is_multiline: bool = False
    is_stripped: bool = True
    code: str = "invalid"
    noun: str = "This"

    @property
    def length(self) -> str:
        """A sentence that states the allowed lengths."""
        if self.min_length:
            return f"{self.noun} has {self.min_length} to {self.max_length:,} characters."
        return f"{self.noun} has up to {self.max_length:,} characters."


def _name_rule(max_length: int) -> TextRule:
    return TextRule(max_length, MIN_NAME_LENGTH, code="name_length", noun="A name")


def _description_rule(max_length: int) -> TextRule:
    return TextRule(max_length, is_multiline=True, code="description_length", noun="A description")


# The rules by kind of text. Columns are at least as long.
TEXT_RULES = {
    "map_name": _name_rule(100),
    "map_description": _description_rule(5000),
    "collection_name": _name_rule(60),
    "collection_description": _description_rule(500),
    "tribe_name": _name_rule(20),
    "group_name": TextRule(150, 1, noun="A name"),
    "reason": TextRule(500, 1, is_multiline=True, code="invalid_reason", noun="A reason"),
    "chat": TextRule(300, 1, noun="A message"),
    "search": TextRule(200, is_stripped=False, noun="A search"),
    "code": TextRule(20, noun="A code"),
    "ticket": TextRule(100, 1, noun="A ticket"),
    "device": TextRule(100, noun="The name of a device"),
}

# ---- Forbidden characters -----------------------------------------------------------------------

MAX_NONSPACING_MARKS = 4  # on one character; more would cover the lines above
MAX_TIBETAN_MARKS = 8  # Tibetan letters are stacked; for Unicode they are marks
MAX_MARKS = 8  # on one character, including spacing marks
# A text may have FREE_MARKS marks, and MARKS_PER_CHARACTER more for each other character. Quranic Arabic, and
# Hebrew with vowels and accents, have slightly more than one for each letter.
FREE_MARKS, MARKS_PER_CHARACTER = 4, 1.5
# Characters whose category is that of letters or symbols, but that are blank.
BLANK_CHARACTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U0001d159")

CONTROL = "\0-\x09\x0b-\x1f\x7f-\x9f"
LINE_SEPARATORS = "\u2028\u2029"
SURROGATES = "\ud800-\udfff"
DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
)
# Default_Ignorable_Code_Point of Unicode, and the marks of interlinear annotations.
INVISIBLE = (
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# The error code, a description for the error, and the characters.
FORBIDDEN = (
    ("control_character", "a control character", CONTROL),
    ("control_character", "half of a character", SURROGATES),
    ("bidirectional_character", "which changes the direction of text", DIRECTION),
    ("noncharacter", "which is not a character", NONCHARACTERS),
    ("invisible_character", "which is invisible", INVISIBLE),
)
FORBIDDEN_CODES = frozenset(code for code, _, _ in FORBIDDEN) | {"too_many_marks"}
FORBIDDEN_PATTERNS = [
    (code, words, re.compile(f"[{characters}]")) for code, words, characters in FORBIDDEN
]
ANY_FORBIDDEN = re.compile(f"[{''.join(characters for _, _, characters in FORBIDDEN)}]")

# ---- Characters that are allowed in some places -------------------------------------------------

EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
# Scripts with joined letters: Arabic to N'Ko and Mandaic, Adlam, Rohingya.
ARABIC = (
    "\u0620-\u08ff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010d00-\U00010d3f\U0001e900-\U0001e95f"
)
# Scripts of India, Sri Lanka and their neighbours.
INDIC = (
    "\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf\u1b00-\u1bff\u1c00-\u1c4f\ua840-\ua8ff"
    "\ua980-\ua9ff\uaa00-\uaa7f\uaae0-\uaaff\uabc0-\uabff\U00011000-\U00011fff"
)
MONGOLIAN = "\u1820-\u18aa"
VIRAMA_CLASS = 9  # the canonical combining class of signs that remove the vowel of a letter
VIRAMAS = "".join(
    chr(n)
    for n in (*range(0x900, 0x1C50), *range(0xA840, 0xAC00), *range(0x11000, 0x12000))
    if unicodedata.combining(chr(n)) == VIRAMA_CLASS
)


def _tag_characters(region: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"


ALLOWED_IN_CONTEXT = re.compile(
    "|".join(
        (
            rf"(?<=[{EMOJI}\ufe0f])\u200d(?=[{EMOJI}])",
            rf"(?<=[{EMOJI}])[\ufe0e\ufe0f]",
            r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
            rf"(?<=[{ARABIC}{INDIC}])[\u200c\u200d](?=[{ARABIC}{INDIC}])",
            rf"(?<=[{VIRAMAS}])[\u200c\u200d]",  # at the end of a word
            rf"(?<=[{ARABIC}])\u200d",
            rf"(?<=[{MONGOLIAN}])[\u180b-\u180f]",
            "(?<=\U0001f3f4)(?:"
            + "|".join(map(_tag_characters, ("gbeng", "gbsct", "gbwls")))
            + ")",
        )
    )
)

# ---- Checks -------------------------------------------------------------------------------------


def check_text(value: Any, kind: str, field: str) -> str:
    """Returns a text in the form that is stored.

    Raises InvalidInput for the field where the text breaks the rule of its kind.
    """
    if type(value) is not str:
        raise InvalidInput("invalid", "This must be text.", field=field)
    rule = TEXT_RULES[kind]
    if len(value) > 4 * rule.max_length + 100:  # normalization shortens no text that much
        raise InvalidInput(rule.code, rule.length, field=field)
    text = normalize_text(value, strip=rule.is_stripped)
    if fault := find_text_fault(text):
        raise InvalidInput(*fault, field=field)
    if not rule.min_length <= len(text) <= rule.max_length:
        raise InvalidInput(rule.code, rule.length, field=field)
    if "\n" in text and not rule.is_multiline:
        raise InvalidInput("control_character", f"{rule.noun} has only one line.", field=field)
    if rule.min_length and not has_visible_character(text):
        code = rule.code.replace("name_length", "name_blank")
        raise InvalidInput(code, f"{rule.noun} needs a visible character.", field=field)
    return text


def normalize_text(text: str, *, strip: bool = True) -> str:
    """Returns text in normal form C, with line feeds. Strips it unless `strip` is false."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for separator in LINE_SEPARATORS:
        text = text.replace(separator, "\n")
    text = unicodedata.normalize("NFC", text)
    return text.strip() if strip else text


def find_text_fault(text: str) -> tuple[str, str] | None:
    """Returns the code and the sentence of the first fault that all kinds of text may not have, or None."""
    if ANY_FORBIDDEN.search(text) and (
        found := ANY_FORBIDDEN.search(ALLOWED_IN_CONTEXT.sub("", text))
    ):
        code, words = next(
            (code, words) for code, words, kind in FORBIDDEN_PATTERNS if kind.match(found[0])
        )
        return code, f"This contains {describe_character(found[0])}, {words}."
    if has_too_many_marks(text):
        limit = f"A character has at most {MAX_NONSPACING_MARKS} accents"
        words = f"{limit}, and a text has at most three for every two characters."
        return "too_many_marks", words
    return None


def clean_text(text: str, kind: str) -> str:
    """Returns a text without forbidden characters, cut to the length of its kind.

    For text that nobody can correct.
    """
    text = normalize_text(text[: 4 * TEXT_RULES[kind].max_length])
    while found := ANY_FORBIDDEN.search(ALLOWED_IN_CONTEXT.sub("", text)):
        text = text.replace(found[0], "")
    if has_too_many_marks(text):
        text = "".join(c for c in text if unicodedata.category(c)[0] != "M")
    return normalize_text(text.replace("\n", " ")[: TEXT_RULES[kind].max_length])


def describe_character(character: str) -> str:
    """Returns the code point of a character, and its name if it has one."""
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"


def has_visible_character(text: Iterable[str]) -> bool:
    """Returns whether a text has a visible character: a letter, a digit, punctuation or a symbol."""
    return any(
        unicodedata.category(character)[0] in "LNPS" for character in set(text) - BLANK_CHARACTERS
    )


def has_too_many_marks(text: str) -> bool:
    """Returns whether a character has too many combining marks, or the text more than scripts need."""
    others = nonspacing = run = nonspacing_run = 0
    max_nonspacing = MAX_NONSPACING_MARKS
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "M":
            run += 1
            if category != "Mc":
                nonspacing, nonspacing_run = nonspacing + 1, nonspacing_run + 1
            if nonspacing_run > max_nonspacing or run > MAX_MARKS:
                return True
        elif category != "Cf":  # invisible characters do not end a run of marks
            others, run, nonspacing_run = others + 1, 0, 0
            is_tibetan = "\u0f00" <= character <= "\u0fff"
            max_nonspacing = MAX_TIBETAN_MARKS if is_tibetan else MAX_NONSPACING_MARKS
    return nonspacing > FREE_MARKS + MARKS_PER_CHARACTER * others
