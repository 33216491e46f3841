"""Finds what must not be read by others in a text: tokens, keys, passwords, email addresses.

Parts of addresses (URLs) are found by the routes of the site: an argument that is named as in
SECRET_ARGUMENTS is a secret, and so is whatever follows the fixed beginning of its route. The rest is
found by its form.
"""

import functools
import re
from collections.abc import Iterator

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

HIDDEN = "[hidden]"
SECRET_ARGUMENTS = {"code", "key", "secret", "ticket", "token"}
# Fields of queries, forms and JSON whose values are secrets.
CONFIDENTIAL_FIELDS = (
    r"(?:\w{0,40}(?:passw(?:or)?d|token|secret|ticket|signature|credential|authorization|cookie|session_?id)\w{0,40}"
    r"|access|refresh|code|key|jti|pwd)"
)
# Each pattern reads a text in linear time, whatever the text: none begins in the middle of a word that
# it has begun to read before.
PATTERNS = (
    # user:password@ of an address; a password may hold a slash or an @ that is not encoded
    (re.compile(r"(?<=://)[^\s\"'<>?#]*@"), f"{HIDDEN}@"),
    (re.compile(r"\b(bearer|basic|token)(\s+|%20)[^\s\"',;]+", re.I), rf"\1 {HIDDEN}"),
    (
        re.compile(
            rf"\b({CONFIDENTIAL_FIELDS})([\"']?\s?[=:]\s?[\"']?)(?!\[hidden)[^\s&;,\"'<>}}]+", re.I
        ),
        rf"\1\2{HIDDEN}",
    ),
    # JSON Web Tokens; and the tokens of links in emails, as Django makes them
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)+"), HIDDEN),
    (re.compile(r"(?<![\w-])[0-9a-z]{6}-[0-9a-f]{32}(?![0-9a-z])", re.I), HIDDEN),
    (re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w.-]+"), "[email]"),
)
# Random words: session keys, tickets, secrets. A UUID is none: it names, and lets nobody in.
RANDOM_WORD = re.compile(r"(?<![\w-])[\w-]{24,}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


def redact(text: str) -> str:
    """The text without the secrets that can be told from other words."""
    if apps.ready:  # before that no address was asked for, and no route is known
        text = _secret_paths().sub(_hide_rest, text)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return RANDOM_WORD.sub(_hide_random, text)


def is_secret_path(path: str) -> bool:
    """Whether a path holds a secret: who sees it in a log or as a Referer could use it."""
    return bool(_secret_paths().match(path))


@functools.cache
def _secret_paths() -> re.Pattern[str]:
    """What begins a path that holds a secret, and the rest of that path."""
    beginnings = sorted(set(_secret_prefixes(get_resolver().url_patterns, "")))
    # Slashes may be doubled or encoded; what follows is hidden whole, whatever a program made of it.
    slash = r"(?:/|%2F|\\/)+"
    alternatives = "|".join(
        slash.join(re.escape(part) for part in beginning.strip("/").split("/"))
        for beginning in beginnings
    )
    if not alternatives:
        return re.compile(r"(?!)")
    return re.compile(rf"({slash}(?:{alternatives}){slash})[^\s\"'<>?#]+", re.I)


def _secret_prefixes(
    patterns: "list[URLPattern | URLResolver]", before: str, *, is_plain: bool = True
) -> Iterator[str]:
    """What stands before the first argument of each route that has a secret one."""
    for entry in patterns:
        route = str(entry.pattern)
        beginning, is_whole = before, is_plain
        if is_plain and isinstance(entry.pattern, RoutePattern):
            fixed, bracket, _ = route.partition("<")
            beginning, is_whole = before + fixed, not bracket
        elif is_plain:
            is_whole = False
        if isinstance(entry, URLResolver):
            yield from _secret_prefixes(entry.url_patterns, beginning, is_plain=is_whole)
        elif SECRET_ARGUMENTS & entry.pattern.regex.groupindex.keys():
            yield beginning


def _hide_rest(found: re.Match[str]) -> str:
    return f"{found[1]}{HIDDEN}"


def _hide_random(found: re.Match[str]) -> str:
    word = found[0]
    is_random = re.search(r"\d", word) and re.search(r"[A-Za-z]", word) and "_id_" not in word
    return word if not is_random or UUID.fullmatch(word) else HIDDEN
