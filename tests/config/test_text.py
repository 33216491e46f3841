"""The rules for text: text in many scripts is accepted, hidden and covering characters are not."""

import unicodedata

import pytest

from accounts.devices.user_agents import device_name
from config.http.error_statuses import status_of
from config.kernel import text
from config.kernel.errors import DomainError

# Words with characters that are forbidden in other places.
ACCEPTED = {
    "Persian, joined no more": "می‌خواهم کتاب‌ها",
    "Arabic, a letter that would join": "ه‍",
    "Arabic with all vowels": "بِسْمِ ٱللَّهِ ٱلرَّحْمَـٰنِ ٱلرَّحِيمِ",
    "Urdu": "قلعۂ سبز؟ ١٢",
    "Hebrew with vowels and accents": "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים אֵ֥ת הַשָּׁמַ֖יִם",
    "Hebrew, three marks on one letter": "יְרוּשָׁלִַ֔ם",
    "Hindi": "क्षेत्र हिन्दी क्‍ क्‌",
    "Bengali": "র‍্যাব ক্ষুদ্র",
    "Malayalam, older spelling": "അവന്‍ മലയാളം",
    "Sinhala": "ශ්‍රී ලංකාව",
    "Tamil": "தமிழ் கோட்டை",
    "Thai": "ที่นี่ป้อมปราการ",
    "Lao": "ປ້ອມທີ່ນີ້",
    "Khmer": "ភាសាខ្មែរ ញ៉ាំ",
    "Burmese": "လျှို့ဝှက် မြွှေ့",
    "Tibetan": "ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ བསྒྲུབས",
    "Mongolian": "ᠪᠠᠢᠭ᠎ᠠ ᠮᠣᠩᠭᠣᠯ",
    "Vietnamese": "Tiếng Việt",
    "Vietnamese, letters apart from accents": unicodedata.normalize("NFD", "Tiếng Việt"),
    "Yoruba": "Ẹ̀kọ́ ọ̀rọ̀",
    "Lithuanian": "Liė̃tuva",
    "sounds": "ɔ̰̃́ t͡ʃ",
    "Greek": "ᾧ Ἑλληνική",
    "Korean, as letters": unicodedata.normalize("NFD", "한국어"),
    "Chinese": "城門！",
    "Japanese": "ばば　ぱぱ が",
    "Russian": "Йод съел ёж",
    "family": "👨‍👩‍👧‍👦 👩🏽‍🚀 🧑‍🤝‍🧑",
    "colours and hearts": "🏳️‍🌈 ❤️‍🔥 👁️‍🗨️ ⛹🏿‍♀️",
    "keys and signs": "1️⃣ #️⃣ *️⃣ ✈️ ☂︎ ™️ ↔️",
    "flags": "🇫🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "signs": "<b>&amp; 'quoted' \\ %00 ${x}",
    "punctuation": "“Forge” – it’s… №5 x² −1",
}
ZALGO = "F" + "\u0335\u0327\u035a\u0301\u0310" + "ord"
# Refused texts, each with its error code.
REFUSED = {
    "override": ("abc\u202edef", "bidirectional_character"),
    "embedding": ("abc\u202adef", "bidirectional_character"),
    "isolate": ("abc\u2066def", "bidirectional_character"),
    "left-to-right mark": ("abc\u200edef", "bidirectional_character"),
    "right-to-left mark": ("abc\u200fdef", "bidirectional_character"),
    "Arabic mark": ("abc\u061cdef", "bidirectional_character"),
    "NUL": ("abc\0def", "control_character"),
    "bell": ("abc\x07def", "control_character"),
    "escape": ("abc\x1b[31mdef", "control_character"),
    "delete": ("abc\x7fdef", "control_character"),
    "next line": ("abc\x85def", "control_character"),
    "half a character": ("abc\ud800def", "control_character"),
    "noncharacter": ("abc\ufffedef", "noncharacter"),
    "noncharacter of Arabic": ("abc\ufdd0def", "noncharacter"),
    "last noncharacter": ("abc\U0010ffffdef", "noncharacter"),
    "zero width space": ("abc\u200bdef", "invisible_character"),
    "joiner in Latin": ("abc\u200ddef", "invisible_character"),
    "non-joiner in Latin": ("abc\u200cdef", "invisible_character"),
    "two joiners": ("می\u200c\u200cخواهم", "invisible_character"),
    "joiner after emoji": ("abc 😀\u200d", "invisible_character"),
    "joiner of a key": ("abc 1\ufe0f\u20e3\u200d", "invisible_character"),
    "selector on a letter": ("abc\ufe0fdef", "invisible_character"),
    "selector on a digit": ("abc1\ufe0fdef", "invisible_character"),
    "two selectors": ("abc ❤\ufe0f\ufe0f", "invisible_character"),
    "other selector on emoji": ("abc ❤\ufe01", "invisible_character"),
    "supplementary selector": ("abc\U000e0100def", "invisible_character"),
    "tag": ("abc\U000e0041def", "invisible_character"),
    "tags on another flag": ("🏴\U000e0075\U000e0073\U000e0063\U000e0061\U000e007f x", "invisible_character"),
    "tags without a flag": ("abc\U000e0067\U000e0062\U000e0065\U000e007f", "invisible_character"),
    "soft hyphen": ("abc\xaddef", "invisible_character"),
    "grapheme joiner": ("abc\u034fdef", "invisible_character"),
    "Hangul filler": ("abc\u3164def", "invisible_character"),
    "narrow filler": ("abc\uffa0def", "invisible_character"),
    "choseong filler": ("abc\u115fdef", "invisible_character"),
    "Khmer vowel": ("abc\u17b4def", "invisible_character"),
    "Mongolian selector on Latin": ("abc\u180bdef", "invisible_character"),
    "word joiner": ("abc\u2060def", "invisible_character"),
    "invisible times": ("abc\u2062def", "invisible_character"),
    "deprecated format": ("abc\u206fdef", "invisible_character"),
    "byte order mark": ("abc\ufeffdef", "invisible_character"),
    "annotation": ("abc\ufff9def", "invisible_character"),
    "shorthand": ("abc\U0001bca0def", "invisible_character"),
    "musical format": ("abc\U0001d173def", "invisible_character"),
    "marks on one letter": (ZALGO, "too_many_marks"),
    "a thousand marks": ("Ford" + "\u0301" * 290, "too_many_marks"),
    "marks on every letter": ("".join(c + "\u0335\u0327\u035a" for c in "Fords of old"), "too_many_marks"),
    "enclosing marks": ("Ford" + "\u0489" * 6, "too_many_marks"),
    "spacing marks": ("क" + "ा" * 9, "too_many_marks"),
    "marks of Thai": ("ก" + "\u0e49" * 9, "too_many_marks"),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_text_in_many_scripts_is_accepted(name: str) -> None:
    written = ACCEPTED[name]
    stored = text.check_text(written, "map_description", "description")
    assert stored == unicodedata.normalize("NFC", written)
    assert text.check_text(stored, "map_description", "description") == stored
    assert text.clean_text(written, "map_description") == stored


@pytest.mark.parametrize("name", REFUSED)
def test_invisible_and_covering_characters_are_refused(name: str) -> None:
    written, code = REFUSED[name]
    for kind in ("map_name", "map_description", "chat", "reason", "search"):
        with pytest.raises(DomainError) as refused:
            text.check_text(written, kind, "field")
        reason = refused.value
        assert (reason.code, status_of(reason), reason.field) == (code, 400, "field")
    assert text.find_text_fault(text.clean_text(written, "device")) is None


def test_the_error_names_the_character() -> None:
    with pytest.raises(DomainError) as refused:
        text.check_text("abc\u202edef", "map_name", "name")
    assert refused.value.detail == (
        "This contains U+202E (right-to-left override), which changes the direction of text."
    )


def test_default_ignorable_characters_are_refused_outside_of_their_places() -> None:
    """All of category Cf except visible signs, and others that the Unicode database lists."""
    seen = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    seen |= set(range(0x13430, 0x13440))  # joiners of hieroglyphs, which place them
    others = [0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)]
    others += [*range(0x180B, 0x1810), 0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)]
    format_ = [n for n in range(0x110000) if unicodedata.category(chr(n)) == "Cf"]
    for n in {*format_, *others} - seen:
        assert text.find_text_fault(f"a{chr(n)}b"), hex(n)


def test_lengths_are_measured_after_normalization() -> None:
    assert text.check_text("e\u0301" * 20, "tribe_name", "name") == "\u00e9" * 20
    with pytest.raises(DomainError, match="3 to 20"):
        text.check_text("\u0958" * 11, "tribe_name", "name")  # becomes two of each
    with pytest.raises(DomainError, match="3 to 20"):
        text.check_text("x" * 10_000_000, "tribe_name", "name")


def test_only_multi_line_kinds_preserve_line_feeds() -> None:
    written = " a\r\nb\rc\u2028d\u2029e\n"
    assert text.check_text(written, "reason", "reason") == "a\nb\nc\nd\ne"
    with pytest.raises(DomainError, match="only one line"):
        text.check_text(written, "map_name", "name")


@pytest.mark.parametrize("value", [None, 5, b"abc", ["abc"], True])
def test_values_that_are_not_text_are_refused(value: object) -> None:
    with pytest.raises(DomainError, match="must be text"):
        text.check_text(value, "map_name", "name")


@pytest.mark.parametrize(
    ("agent", "title"),
    [
        ("Godot/4.4\u202e (X)", "Godot/4.4"),
        ("Go\x07dot\U000e0041\u200b/4", "Godot/4"),
        ("\u200b\u2060", "Unknown device"),
        ("F" + "\u0301" * 90, "F"),
        ("x" * 500, "x" * 100),
        ("a\nb\x85c", "a bc"),
    ],
)
def test_names_of_devices_are_cleaned(agent: str, title: str) -> None:
    assert device_name(agent) == title
