"""Documentation is complete: every setting, command, route and error code is described."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code(*folders: str) -> str:
    return "\n".join(p.read_text() for f in folders for p in sorted((ROOT / f).rglob("*.py")))


def test_every_setting_is_documented() -> None:
    read = set(re.findall(r'environment\.\w+\(\s*"([A-Z_]+)"', code("config")))
    read |= set(re.findall(r'environ\.get\("([A-Z_]+)"', code("config")))
    for names in re.findall(r'for name in \(("[A-Z_]+", "[A-Z_]+")\)', code("config")):
        read |= set(re.findall(r"[A-Z]+_[A-Z_]+", names))
    assert len(read) >= 11
    text = (ROOT / "docs/operations.md").read_text()
    assert {name for name in read if f"`{name}`" not in text} == set()


def test_every_route_of_the_api_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text()
    routes = [r for r in get_resolver().url_patterns if str(r.pattern) == "api/v1/"]
    assert isinstance(routes[0], URLResolver)
    for route in routes[0].url_patterns:
        assert isinstance(route, URLPattern)
        assert re.sub(r"<\w+:\w+>", "{id}", str(route.pattern)) in text


def test_make_commands_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)|^    make ([a-z]+)", page.read_text(), re.M))
        assert {a or b for a, b in named} <= targets, page


def test_every_make_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for target in re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M):
        assert f"make {target}" in readme, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


PATH_OF_A_FILE = re.compile(r"(?<![\w/.])(?:[a-z_0-9-]+/)+[\w-]+\.(?:py|css|js|md|html|json)\b")


def test_files_that_are_named_exist() -> None:
    """Also in comments and code. A path begins at the root, the application, the templates or `static/`."""
    folders = ("accounts", "bench", "config", "maps", "sessions_app", "static", "tribes")
    sources = [
        file
        for name in folders
        for file in (ROOT / name).rglob("*.*")
        if file.suffix in (".py", ".js", ".css") and "node_modules" not in file.parts
    ]
    for file in [*PAGES, ROOT / "CONTRIBUTING.md", *sources]:
        application = ROOT / file.relative_to(ROOT).parts[0]
        places = (ROOT, application, ROOT / "templates", ROOT / "static", file.parent)
        for name in PATH_OF_A_FILE.findall(file.read_text()):
            assert any((place / name).exists() for place in places), f"{file}: {name}"


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    for page in (ROOT / "docs/decisions").glob("0*.md"):
        assert page.name in index
