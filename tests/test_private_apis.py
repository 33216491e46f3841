"""Private names of dependencies: docs/decisions/0020-private-apis.md lists each, in one module only."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
APPS = ("config", "accounts", "tribes", "maps", "sessions_app")
PUBLIC = {"_meta", "_replace", "_asdict", "_fields"}  # documented in spite of their names
FILES = [
    file.relative_to(ROOT)
    for app in APPS
    for file in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in file.relative_to(ROOT).parts
]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def reached_names(tree: ast.Module) -> Iterator[str]:
    """Yields private attributes of other objects, and of the base classes by super()."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls"):
                yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))


def overridden_names(file: Path, tree: ast.Module) -> Iterator[str]:
    """Yields private methods and attributes of classes that hide those of a dependency."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
    if not classes or file.name in ("asgi.py", "settings.py"):
        return
    module = importlib.import_module(".".join(file.with_suffix("").parts))
    for node in classes:
        bases = [
            base
            for base in getattr(module, node.name).__mro__[1:]
            if base.__module__.partition(".")[0] not in APPS
        ]
        own = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        own |= {item.name for item in node.body if isinstance(item, ast.AsyncFunctionDef)}
        for name in filter(is_private, own):
            if any(name in vars(base) for base in bases):
                yield name


def documented_names() -> dict[str, set[str]]:
    """Returns the private names that the page lists, by file."""
    names: dict[str, set[str]] = defaultdict(set)
    page = (ROOT / "docs/decisions/0020-private-apis.md").read_text()
    for file, cell in re.findall(r"^\| `([a-z_/]+\.py)` \| (.*?) \|", page, re.M):
        names[file].update(filter(is_private, re.findall(r"`(\w+)`", cell)))
    return {file: found for file, found in names.items() if found}


def test_every_private_name_of_a_dependency_is_documented_and_used_in_one_module() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for file in FILES:
        tree = ast.parse((ROOT / file).read_text())
        found[file.as_posix()].update(reached_names(tree), overridden_names(file, tree))
    found = {file: names for file, names in found.items() if names}
    assert found == documented_names()
    files = [(name, file) for file, names in found.items() for name in names]
    assert len({name for name, _ in files}) == len(files), "one module for each"
