"""What lies under /static/ is what pages ask for, and nothing else."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from config.management.commands import serve
from config.storage.files import public_names
from tests.support.live_site import Site
from config.storage import static_files
from config.storage.static_files import build_static_files, public_names

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(site: Site, target: str) -> int:
    """The status of a target that is sent as it is: a client's library would tidy it up."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    try:
        connection.putrequest("GET", target, skip_accept_encoding=True)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def names(static_root: Path) -> dict[str, str]:
    """Names as they are in the sources, and the hashed ones."""
    manifest = json.loads((static_root / "staticfiles.json").read_text())
    paths: dict[str, str] = manifest["paths"]
    return paths


def test_files_that_pages_ask_for_are_served(site: Site, names: dict[str, str]) -> None:
    for name in (
        "css/site.css",
        "js/site/htmx-feedback.js",
        "img/icon.svg",
        "django_htmx/htmx-2.min.js",
    ):
        assert status_of(site, f"/static/{names[name]}") == 200
        assert status_of(site, f"/static/{names[name]}?x=1") == 200


@pytest.mark.parametrize(
    "target",
    [
        "/static/.stamp",
        "/static/staticfiles.json",
        "/static/",
        "/static",
        "/static/css",
        "/static/css/",
        "/static/css/site.css",
        "/static/js/site/htmx-feedback.js",
        "/static/../manage.py",
        "/static/../static/staticfiles.json",
        "/static/%2e%2e/manage.py",
        "/static/..%2fmanage.py",
        "/static/css/../staticfiles.json",
        "/static//staticfiles.json",
        "//static/staticfiles.json",
        "/static/%73taticfiles.json",
        "/static/staticfiles%2ejson",
        "/static/staticfiles.json%00",
        "/static/staticfiles.json.gz",
        "/static/.git/config",
        "/static/%2estamp",
        "/static/\\staticfiles.json",
        "/STATIC/staticfiles.json",
        "/media/",
        "/media/x.webp",
        "/.env",
        "/.git/HEAD",
    ],
)
def test_nothing_else_is(site: Site, target: str) -> None:
    assert status_of(site, target) == 404


def test_their_twins_are_not_files_of_their_own(site: Site, names: dict[str, str]) -> None:
    name = names["css/site.css"]
    for twin in (".gz", ".br", ".zstd", ".map", "~", ".bak", "/"):
        assert status_of(site, f"/static/{name}{twin}") == 404
    assert status_of(site, f"/static/{name[:-4].upper()}.css") == 404
    assert status_of(site, f"/static//{name}") == 404


def test_what_else_lies_in_the_folder_is_not_public(tmp_path: Path) -> None:
    assert public_names(tmp_path) == set()
    paths = {"a.js": "a.1.js", "a.js.map": "a.1.js.map", ".hidden": ".hidden.1", "d/.b": "d/.b.1"}
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": paths}))
    assert public_names(tmp_path) == {"a.1.js"}


def test_the_stamp_lies_beside_them(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATIC_ROOT = root = tmp_path / "static"
    built = []

    def collect(*_: object, **__: object) -> None:
        built.append(1)
        settings.STATIC_ROOT.mkdir()

    monkeypatch.setattr(static_files, "call_command", collect)
    for _ in range(2):
        build_static_files()
    assert (len(built), list(root.iterdir())) == (1, [])
    root.rmdir()
    build_static_files()  # the folder is gone, the stamp is not
    assert len(built) == 2
