"""Migrations: what they may import, that released ones stay as they are, and that a running site bears them.

A running site needs short locks, and nothing that the previous version would fail on.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django_migration_linter import MigrationLinter

ROOT = Path(__file__).parent.parent
APPS = ["accounts", "tribes", "maps", "sessions_app"]
FILES = [file for app in APPS for file in sorted((ROOT / app / "migrations").glob("0*.py"))]
HELPERS = "config.db.migration_helpers"
RELEASED = ROOT / "tests/released_migrations.sha256"


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


@pytest.mark.parametrize("file", [*FILES, ROOT / "config/db/migration_helpers.py"], ids=str)
def test_a_migration_imports_no_code_that_changes(file: Path) -> None:
    """It must still do the same when the code of the applications has changed."""
    for name in imports(file):
        root = name.partition(".")[0]
        assert root == "django" or root in sys.stdlib_module_names or name == HELPERS, name
        assert root != "importlib"  # it would hide what is imported


def test_released_migrations_stay_as_they_are() -> None:
    """Databases have them already. What they did is changed by a new migration."""
    lines = [line.split() for line in RELEASED.read_text().splitlines()]
    assert len(lines) >= 17
    changed = [
        path
        for digest, path in lines
        if hashlib.sha256((ROOT / path).read_bytes()).hexdigest() != digest
    ]
    assert changed == []


@pytest.mark.django_db(transaction=True)  # some steps refuse to be in one, even to be looked at
def test_the_linter_of_migrations_finds_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    linter = MigrationLinter(
        str(ROOT),
        include_apps=APPS,
        # It makes a new table in SQL; the linter takes its NOT NULL for one that is added to a table.
        ignore_name=["0002_audit_log"],
        no_cache=True,
        analyser_string="postgresql",
    )
    linter.lint_all_migrations()
    assert linter.nb_valid >= 7
    assert not linter.has_errors, capsys.readouterr().out


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
