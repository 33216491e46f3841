"""The table of error codes in docs/api.md has every code that the code can raise, with its status."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth import password_validation
from rest_framework import exceptions

from config.http.error_statuses import INVALID_INPUT, status_of_code
from config.http.errors import MESSAGES
from config.kernel.text import FORBIDDEN_CODES, TEXT_RULES
from maps.terrain.faults import ALLOWED_IN_DRAFTS, FAULT_MESSAGES
from sessions_app.lobby.transactions import CONSTRAINT_ERRORS

ROOT = Path(__file__).parent.parent
FOLDERS = ("accounts", "config", "maps", "sessions_app", "tribes")
# What no response of the API has: errors of pages, of the admin and of sockets.
PAGES_ALONE = {
    "invalid_date", "invalid_reason", "left", "link_used_up", "password_mismatch", "signed_out",
    "staff_map", "too_many_sockets", "wrong_code",
}  # fmt: skip
# Codes of Django's and DRF's own checks of fields and passwords.
FIELDS = set(
    "required null blank min_length max_length min_value max_value invalid_choice invalid".split()
)
PASSWORDS = {
    "password_too_short", "password_too_common", "password_too_similar", "password_entirely_numeric",
}  # fmt: skip
ERRORS = {"DomainError", "AccessDenied"}  # of the status of their code
FIELD_ERRORS = {"InvalidInput", "Reason", "ValidationError", "ErrorDetail"}  # a 400
REASONS_OF_CONFLICTS = {"map_not_playable"}  # a Reason that is part of a DomainError
# Calls whose code is not written there, and where it comes from instead.
COMPUTED = {
    "CODE": "written in its module",
    "code": "the argument of a helper, or one of TEXT_RULES",
    "error.code": "of an error that was raised elsewhere",
    "fault.code": "one of FAULT_MESSAGES",
    "part.code or 'invalid'": "of a ValidationError",
    "rule.code": "one of TEXT_RULES",
    "*fault": "one of FORBIDDEN",
    "*CONSTRAINT_ERRORS[constraint]": "of the table",
    "text": "of the list of unknown fields",
}


def table() -> dict[str, set[int]]:
    """Returns the statuses of each code by docs/api.md."""
    text = (ROOT / "docs/api.md").read_text()
    found: dict[str, set[int]] = defaultdict(set)
    for row in re.findall(r"^\| (\d{3})[^|]* \| (.*) \|$", text, re.M):
        codes = re.sub(r"\([^)]*\)", "", row[1])
        for code in re.findall(r"`([a-z_]+)`", codes):
            found[code].add(int(row[0]))
    return found


def calls() -> Iterator[tuple[str, ast.expr]]:
    """Yields the class of each error that is made, and the expression of its code."""
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            if "migrations" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ClassDef):
                    yield from calls_of_class(node)
                elif isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    code = code_of(name, node)
                    if code is not None:
                        yield name, code


def calls_of_class(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yields the code that a subclass of an error passes to its base class."""
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    for base in bases & (ERRORS | FIELD_ERRORS):
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and ast.unparse(part.func) == "super().__init__":
                yield base, part.args[0]


def code_of(name: str, node: ast.Call) -> ast.expr | None:
    """Returns the expression of the code of an error, or None for another call."""
    by_keyword = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in ("ValidationError", "ErrorDetail"):
        return by_keyword.get("code") or (node.args[1] if len(node.args) > 1 else None)
    if name in ERRORS | FIELD_ERRORS:
        return node.args[0] if node.args else None
    if name in ("_password_faults", "check_own_password", "find_password_faults"):
        return by_keyword.get("code")
    return None


def raised() -> dict[str, set[int]]:
    """Returns the statuses of each code that the code can raise."""
    found: dict[str, set[int]] = defaultdict(set)
    invalid: set[str] = set()
    for name, expression in calls():
        if not isinstance(expression, ast.Constant) or not isinstance(expression.value, str):
            assert ast.unparse(expression) in COMPUTED, ast.unparse(expression)
        elif name in ERRORS:
            found[expression.value].add(status_of_code(expression.value))
        else:
            invalid.add(expression.value)
    invalid -= REASONS_OF_CONFLICTS
    for code in invalid | codes_of_checks():
        found[code].add(INVALID_INPUT)
    for code in ALLOWED_IN_DRAFTS:  # drafts may have these, so only a public map is refused
        found[code] = {409}
    for status, code in codes_of_tables():
        found[code].add(status)
    return found


def codes_of_checks() -> set[str]:
    """Returns the codes of checks that are not written where the error is raised."""
    texts = {*FORBIDDEN_CODES} | {rule.code for rule in TEXT_RULES.values()}
    texts |= {"name_blank"}  # text.check_text makes it from name_length
    arguments = keywords(r'\bcode="([a-z_]+)"') | keywords(r'"violation_error_code": "([a-z_]+)"')
    return texts | FIELDS | PASSWORDS | arguments | FAULT_MESSAGES.keys() - ALLOWED_IN_DRAFTS


def codes_of_tables() -> Iterator[tuple[int, str]]:
    """Yields statuses and codes of tables, and of errors that are made without a DomainError."""
    yield from ((status_of_code(code), code) for code, _ in CONSTRAINT_ERRORS.values())
    yield from ((status, code) for status, (code, _) in MESSAGES.items())
    yield from ((403, "insecure_transport"), (503, "busy"))
    for error in vars(exceptions).values():
        is_error = isinstance(error, type) and issubclass(error, exceptions.APIException)
        if is_error and error.default_code not in ("throttled", "invalid", "error"):
            yield error.status_code, str(error.default_code)


def keywords(pattern: str) -> set[str]:
    """Returns what a pattern finds in the code."""
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    texts = [file.read_text() for file in files if "migrations" not in file.parts]
    return {found for text in texts for found in re.findall(pattern, text)}


def test_the_table_has_every_code_with_its_status() -> None:
    documented, found = table(), raised()
    assert len(found) > 90
    expected = {code: found[code] for code in found.keys() - PAGES_ALONE}
    assert {c: s for c, s in documented.items() if s != expected.get(c)} == {
        c: s for c, s in expected.items() if s != documented.get(c)
    } == {}  # fmt: skip


def test_codes_of_django_are_those_of_its_validators() -> None:
    source = Path(password_validation.__file__).read_text()
    assert set(re.findall(r'code="(password_\w+)"', source)) == PASSWORDS
