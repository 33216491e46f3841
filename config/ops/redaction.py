"""Replaces secrets in a text: tokens, keys, passwords, email addresses.

Secrets in URLs are found by the routes of the site. An argument with a name in SECRET_ARGUMENTS is a secret,
and so is everything after the fixed prefix of its route. Other secrets are found by their form.
"""

import functools
import re
from collections.abc import Iterator

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

HIDDEN = "[hidden]"
SECRET_ARGUMENTS = {"code", "key", "secret", "ticket", "token"}
# Names of fields in queries, forms and JSON whose values are secrets.
CONFIDENTIAL_FIELDS = (
    r"(?:\w{0,40}(?:passw(?:or)?d|token|secret|ticket|signature|credential|authorization|cookie|session_?id)\w{0,40}"
    r"|access|refresh|code|key|jti|pwd)"
)
# Each pattern takes linear time for every text, because none can start a match inside a word.
PATTERNS = (
    # user:password@ of a URL; a password may have a slash or an @ that is not encoded
    (re.compile(r"(?<=://)[^\s\"'<>?#]*@"), f"{HIDDEN}@"),
    (re.compile(r"\b(bearer|basic|token)(\s+|%20)[^\s\"',;]+", re.I), rf"\1 {HIDDEN}"),
    (
        re.compile(
            rf"\b({CONFIDENTIAL_FIELDS})([\"']?\s?[=:]\s?[\"']?)(?!\[hidden)[^\s&;,\"'<>}}]+", re.I
        ),
        rf"\1\2{HIDDEN}",
    ),
    # JSON Web Tokens, and Django's tokens in links of emails
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)+"), HIDDEN),
    (re.compile(r"(?<![\w-])[0-9a-z]{6}-[0-9a-f]{32}(?![0-9a-z])", re.I), HIDDEN),
    (re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w.-]+"), "[email]"),
)
# Random words: session keys, tickets, secrets. A UUID is not a secret.
RANDOM_WORD = re.compile(r"(?<![\w-])[\w-]{24,}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


def redact(text: str) -> str:
    """Returns the text without recognizable secrets."""
    if apps.ready:  # before that there are no requests, and no routes
        text = _secret_paths().sub(_hide_rest, text)
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return RANDOM_WORD.sub(_hide_random, text)


def is_secret_path(path: str) -> bool:
    """Returns whether a path has a secret that a reader of a log or of a `Referer` could use."""
    return bool(_secret_paths().match(path))


@functools.cache
def _secret_paths() -> re.Pattern[str]:
    """Returns a pattern of paths with a secret. Its group is the prefix, without the secret."""
    prefixes = sorted(set(_secret_prefixes(get_resolver().url_patterns, "")))
    # Slashes may be doubled or encoded.
    slash = r"(?:/|%2F|\\/)+"
    alternatives = "|".join(
        slash.join(re.escape(part) for part in prefix.strip("/").split("/")) for prefix in prefixes
    )
    if not alternatives:
        return re.compile(r"(?!)")
    return re.compile(rf"({slash}(?:{alternatives}){slash})[^\s\"'<>?#]+", re.I)


def _secret_prefixes(
    patterns: "list[URLPattern | URLResolver]", before: str, *, is_plain: bool = True
) -> Iterator[str]:
    """Yields the text before the first argument of each route with a secret argument."""
    for entry in patterns:
        route = str(entry.pattern)
        prefix, is_fixed = before, is_plain
        if is_plain and isinstance(entry.pattern, RoutePattern):
            fixed, bracket, _ = route.partition("<")
            prefix, is_fixed = before + fixed, not bracket
        elif is_plain:
            is_fixed = False
        if isinstance(entry, URLResolver):
            yield from _secret_prefixes(entry.url_patterns, prefix, is_plain=is_fixed)
        elif SECRET_ARGUMENTS & entry.pattern.regex.groupindex.keys():
            yield prefix


def _hide_rest(match: re.Match[str]) -> str:
    return f"{match[1]}{HIDDEN}"


def _hide_random(match: re.Match[str]) -> str:
    word = match[0]
    is_random = re.search(r"\d", word) and re.search(r"[A-Za-z]", word) and "_id_" not in word
    return word if not is_random or UUID.fullmatch(word) else HIDDEN
