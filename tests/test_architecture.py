"""The plan of the house: which way imports run, what stays pure, how long a file may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APPS = ("accounts", "tribes", "maps", "sessions_app")
# What each application may import of the others.
MAY_IMPORT = {
    "config": set(),
    "accounts": {"config"},
    "tribes": {"config", "accounts"},
    "maps": {"config", "accounts"},
    "sessions_app": {"config", "accounts", "tribes", "maps"},
}
# These put the site together, so they know the applications: which addresses lead where.
COMPOSERS = {"config/urls.py", "config/asgi.py"}
# Modules and packages that know no Django.
PURE = [
    "accounts/devices/user_agents.py",
    "config/db/keyset.py",
    "config/kernel",
    "config/limits/token_bucket.py",
    "config/server/framing.py",
    "config/server/transfer_rates.py",
    "maps/drawing",
    "maps/games.py",
    "maps/search/conditions.py",
    "maps/search/language.py",
    "maps/search/ranking.py",
    "maps/search/sql.py",
    "maps/terrain",
    "sessions_app/demo/names.py",
    "sessions_app/kernel",
    "sessions_app/live/protocol.py",
    "sessions_app/lobby/documents.py",
    "sessions_app/lobby/entities.py",
    "sessions_app/lobby/invite_codes.py",
    "sessions_app/lobby/rules.py",
    "tribes/bonuses.py",
    "tribes/colours.py",
]
FILES = sorted(p for app in MAY_IMPORT for p in (ROOT / app).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield node.module or ""


@pytest.mark.parametrize("app", MAY_IMPORT)
def test_imports_run_one_way(app: str) -> None:
    for file in (ROOT / app).rglob("*.py"):
        path = file.relative_to(ROOT).as_posix()
        if path in COMPOSERS:
            continue
        ours = {name.split(".")[0] for name in imports(file)} & set(MAY_IMPORT)
        assert ours <= MAY_IMPORT[app] | {app}, f"{path} imports {ours}"


def test_the_rule_would_catch_an_arrow_that_runs_back() -> None:
    assert "sessions_app" not in MAY_IMPORT["maps"]
    assert {name.split(".")[0] for name in imports(ROOT / "config/urls.py")} & set(APPS)


def pure_files(path: str) -> list[Path]:
    place = ROOT / path
    return [place] if place.is_file() else sorted(place.glob("*.py"))


def is_pure(module: str) -> bool:
    path = module.replace(".", "/")
    return any(path + ".py" == each or (path + "/").startswith(each + "/") for each in PURE)


@pytest.mark.parametrize("path", PURE)
def test_pure_modules_know_no_django(path: str) -> None:
    for file in pure_files(path):
        for name in imports(file):
            assert not name.startswith(("django", "rest_framework")), (file, name)
            if name.split(".")[0] in MAY_IMPORT:
                assert is_pure(name), (file, name)


def test_no_file_is_too_long() -> None:
    """Migrations aside, which Django writes."""
    written = [file for file in FILES if "migrations" not in file.parts]
    long = {f.name: n for f in written if (n := len(f.read_text().splitlines())) > 400}
    assert long == {}


def test_names_stay_clear_of_builtins_and_frameworks() -> None:
    """`map` and `session` mean other things in Python and Django: we say game_map and game."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                # Columns and fields of documents are called as the contract calls them.
                is_named = "models" in file.parts or file.name in ("models.py", "serializers.py")
                is_named |= "migrations" in file.parts
                assert is_named or node.id not in ("map", "session"), f"{file}:{node.lineno}"


def test_nothing_is_loaded_from_another_host() -> None:
    for file in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.[cj]s*")]:
        assert "http://" not in file.read_text().replace("http://www.w3.org/", "")
        assert "https://" not in file.read_text(), file


def test_models_import_only_models_and_pure_modules() -> None:
    """A fixture or helper that two test modules need is in tests/support."""
    for file in (ROOT / "tests").rglob("*.py"):
        for name in imports(file):
            if name.split(".")[0] == "tests":
                assert f"{name}.".startswith("tests.support."), (
                    f"{file.relative_to(ROOT)} imports {name}"
                )
