"""The structure of the code: directions of imports, pure modules, lengths of files and functions."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What each application may import of the others.
MAY_IMPORT = {
    "config": set(),
    "accounts": {"config"},
    "tribes": {"config", "accounts"},
    "maps": {"config", "accounts"},
    "sessions_app": {"config", "accounts", "tribes", "maps"},
}
# These put the site together, so they know the applications and their edges.
COMPOSERS = {"config.urls", "config.asgi"}
# Modules and packages that know no Django.
PURE = (
    "accounts.devices.user_agents",
    "config.db.keyset",
    "config.kernel",
    "config.limits.token_bucket",
    "maps.drawing",
    "maps.games",
    "maps.search.conditions",
    "maps.search.language",
    "maps.search.ranking",
    "maps.search.sql",
    "maps.terrain",
    "sessions_app.demo.names",
    "sessions_app.kernel",
    "sessions_app.kernel.protocol",
    "sessions_app.lobby.documents",
    "sessions_app.lobby.entities",
    "sessions_app.lobby.invite_codes",
    "sessions_app.lobby.rules",
    "tribes.bonuses",
    "tribes.colours",
)
EDGES = {"admin", "api", "form_views", "forms", "routing", "sitemap", "consumers", "urls", "views"}
SHARED_BY_EDGES = {"responses", "terrain_responses"}  # HTTP that pages and API have in common
ROUTERS = {"urls", "routing"}  # they name the edges that requests go to
FRAMEWORKS = ("django", "rest_framework", "drf_spectacular", "channels")
Module = str


def module_of(file: Path) -> Module:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_of(file): file
    for app in MAY_IMPORT
    for file in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in file.relative_to(ROOT).parts
}


@cache
def imports(module: Module) -> frozenset[str]:
    """All that a module imports, wherever in it, and for types only as well."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in FILES else str(node.module))
    return frozenset(found)


def our_imports(module: Module) -> set[Module]:
    return {name for name in imports(module) if name in FILES}


def is_within(module: Module, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def layer_of(module: Module) -> str:
    parts = module.split(".")
    if is_within(module, PURE):
        return "kernel"
    if "management" in parts or (parts[0] != "config" and parts[-1] in EDGES | SHARED_BY_EDGES):
        return "edge"
    return "models" if "models" in parts[1:] else "action"


def violations() -> Iterator[str]:
    for module in FILES:
        if module in COMPOSERS:
            continue
        for imported in our_imports(module):
            if imported.startswith("config."):
                continue
            own, other = layer_of(module), layer_of(imported)
            is_ordered = ["kernel", "models", "action", "edge"].index(own) >= [
                "kernel",
                "models",
                "action",
                "edge",
            ].index(other)
            if not is_ordered:
                yield f"{module} ({own}) imports {imported} ({other})"
            is_form_of_own_app = (
                imported.endswith(".forms") and module.split(".")[0] == imported.split(".")[0]
            )
            is_shared = imported.split(".")[-1] in SHARED_BY_EDGES
            is_router = module.split(".")[-1] in ROUTERS
            if own == other == "edge" and not (is_router or is_form_of_own_app or is_shared):
                yield f"{module} and {imported} are edges"


@pytest.mark.parametrize("app", MAY_IMPORT)
def test_imports_between_applications_run_one_way(app: str) -> None:
    for module in FILES:
        if module.split(".")[0] == app and module not in COMPOSERS:
            apps = {name.split(".")[0] for name in imports(module)} & set(MAY_IMPORT)
            assert apps <= MAY_IMPORT[app] | {app}, module


def test_imports_in_the_wrong_direction_are_detected() -> None:
    assert "maps" in {name.split(".")[0] for name in imports("config.urls")}
    assert layer_of("maps.browse.views") == "edge"
    assert layer_of("maps.models.maps") == "models"
    assert layer_of("maps.terrain.grid") == "kernel"
    assert layer_of("maps.editing.actions") == "action"


def test_layers_import_downwards_and_no_edge_imports_an_edge() -> None:
    assert sorted(violations()) == []


def test_there_are_no_import_cycles() -> None:
    TopologicalSorter({module: our_imports(module) for module in FILES}).prepare()  # or CycleError


def test_pure_modules_import_no_framework() -> None:
    pure = [module for module in FILES if is_within(module, PURE)]
    assert len(pure) > 20
    for module in pure:
        for name in imports(module):
            assert name.split(".")[0] not in FRAMEWORKS, (module, name)
            assert (
                name not in FILES or is_within(name, PURE) or FILES[name].name == "__init__.py"
            ), (module, name)


@pytest.mark.parametrize("place", PURE)
def test_each_pure_place_exists(place: str) -> None:
    assert any(is_within(module, (place,)) for module in FILES)


def test_each_package_states_its_purpose() -> None:
    for module, file in FILES.items():
        if file.name == "__init__.py" and "management" not in file.parts:
            assert ast.get_docstring(ast.parse(file.read_text())), module


def test_the_maps_application_has_no_tables_and_statuses_of_games() -> None:
    """The app of games registers what maps ask about games (maps/games.py)."""
    names = ("game_sessions", "session_players", "lobby_servers", "played_maps", "InProgress")
    for module, file in FILES.items():
        if module.split(".")[0] == "maps":
            assert [name for name in names if name in file.read_text()] == [], module


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        module: n
        for module, file in FILES.items()
        if (n := len(file.read_text().splitlines())) > 400
    }
    assert long == {}


def test_no_function_is_longer_than_50_lines() -> None:
    long = {
        f"{module}.{node.name}": node.end_lineno - node.lineno
        for module, file in FILES.items()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno > 50
    }
    assert long == {}


def test_no_variable_is_named_map_or_session() -> None:
    """`map` is a builtin and `session` is Django's: the code says game_map, game, seat."""
    for module, file in FILES.items():
        if "models" in module.split(".") or file.name in ("serializers.py", "api_schema.py"):
            continue  # columns and fields of documents have the names of the contract
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assert node.id not in ("map", "session"), f"{file}:{node.lineno}"


def test_nothing_is_loaded_from_another_host() -> None:
    for file in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.[cj]s*")]:
        text = file.read_text().replace("http://www.w3.org/", "")
        assert "http://" not in text, file
        assert "https://" not in text, file


def test_tests_share_through_support_alone() -> None:
    """A fixture or helper that two test modules need is in tests/support."""
    for file in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            for name in names:
                is_shared = f"{name}.".startswith("tests.support.")
                assert name.split(".")[0] != "tests" or is_shared, (file, name)
