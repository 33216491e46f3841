r"""The functions that compare and sort text, for all applications.

- `text_casefold` makes two texts equal if they look the same regardless of case: NFKC and case folding. "ß" is "ss",
  a final sigma is a sigma, a capital I with a dot is an i, and invisible characters are removed.
- `text_fold` also removes the marks of Latin, Greek, Cyrillic, Hebrew and Arabic letters, and replaces letters that
  have no decomposition ("ł"), final forms, variants of Arabic letters, and digits of other scripts. Vowel signs of
  Indic scripts and Thai, and voiced sound marks of kana, are parts of letters. They stay.
- `text_sort_key` is `text_fold` with runs of digits padded to twenty, and with signs before digits and letters. Names
  with marks follow the same without. It is compared with the collation "C": "9 maps", "10 maps", "Apfel", "äpfel",
  "Östlich", "zebra".

- `username_key` is the folded name without hyphens and underscores, by which a search finds players.

They are immutable, for indexes. Their bodies are parsed here, so they do not depend on the search path of a session,
which is empty during a restore. Plain ASCII is only converted to lower case. The collation of the database must know
the letters of Unicode, as C.UTF-8 and en_US.UTF-8 do.

It takes milliseconds, whatever the size of the tables.
"""

from django.db import migrations

# Invisible characters, as in Unicode's Default_Ignorable_Code_Point.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
)
# Marks of all scripts, of Cyrillic, Hebrew and Arabic; the tatweel; letters that are written like apostrophes.
MARKS = (
    r"\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0483-\u0489\u2de0-\u2dff\ua66f"
    r"\ua674-\ua67d\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff\u0640\u02b9-\u02bf"
)
LETTERS = {
    "ł": "l", "ƚ": "l", "ɫ": "l", "ⱡ": "l", "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ø": "o", "ɵ": "o",
    "ɔ": "o", "ħ": "h", "ⱨ": "h", "ı": "i", "ɨ": "i", "ŋ": "n", "ɲ": "n", "ŧ": "t", "ⱦ": "t", "ƭ": "t",
    "ƀ": "b", "ɓ": "b", "ƈ": "c", "ȼ": "c", "ɇ": "e", "ɛ": "e", "ǝ": "e", "ə": "e", "ƒ": "f", "ǥ": "g",
    "ɠ": "g", "ɉ": "j", "ȷ": "j", "ƙ": "k", "ĸ": "k", "ƥ": "p", "ɍ": "r", "ʉ": "u", "ʋ": "v", "ɏ": "y",
    "ƴ": "y", "ƶ": "z", "ȥ": "z", "ⱥ": "a", "ɑ": "a",
    "ς": "σ", "ґ": "г",
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ھ": "ه", "ۃ": "ه",
    "ە": "ه",
}  # fmt: skip
# The zeros of decimal digits: Arabic, Persian, N'Ko, Indic scripts, Thai, Lao, Tibetan, Burmese, Khmer, Mongolian.
ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810,
)  # fmt: skip
DIGITS = {chr(zero + n): str(n) for zero in ZEROS for n in range(10)}
FROM, TO = "".join(LETTERS | DIGITS), "".join((LETTERS | DIGITS).values())
# Signs, punctuation and symbols that follow digits or letters in the order of code points.
SIGNS = (
    r":-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u303f\ufe30-\ufe6f\U0001f000-\U0001faff"
)
CREATE = rf"""
CREATE FUNCTION text_casefold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value) ELSE
    normalize(
        replace(
            replace(
                translate(
                    regexp_replace(lower(normalize(value, NFKD)), '[{INVISIBLE}]+', '', 'g'),
                    U&'ς\0345', 'σι'
                ),
                'ß', 'ss'
            ),
            U&'i\0307', 'i'
        ),
        NFKC
    )
END;

CREATE FUNCTION text_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value) ELSE
    normalize(
        replace(replace(replace(replace(
            translate(
                regexp_replace(lower(normalize(value, NFKD)), '[{INVISIBLE}{MARKS}]+', '', 'g'),
                '{FROM}', '{TO}'
            ),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        NFC
    )
END;

CREATE FUNCTION text_sort_key(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    regexp_replace(
        regexp_replace(text_fold(value), '[{SIGNS}]+', '!', 'g'),
        '([0-9]+)', '00000000000000000000\1', 'g'
    ),
    '0*([0-9]{{20,}})', '\1', 'g'
) || CASE WHEN octet_length(value) = length(value) THEN '' ELSE U&'\0001' || text_casefold(value) END;

CREATE FUNCTION username_key(username text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(text_fold(username), '-_', '');
"""
DROP = """
DROP FUNCTION username_key(text);
DROP FUNCTION text_sort_key(text);
DROP FUNCTION text_fold(text);
DROP FUNCTION text_casefold(text);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_moderators")]

    operations = [migrations.RunSQL(CREATE, DROP)]
