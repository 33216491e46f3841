"""Static files: those that pages need are served, and no others."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from config.storage import static_files
from config.storage.static_files import build_static_files, public_names
from tests.support.live_site import Site

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(site: Site, target: str) -> int:
    """Returns the status for a raw target. A client library would normalize it."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    try:
        connection.putrequest("GET", target, skip_accept_encoding=True)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def names(static_root: Path) -> dict[str, str]:
    """The hashed name of each source file."""
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
def test_other_files_are_not_served(site: Site, target: str) -> None:
    assert status_of(site, target) == 404


def test_compressed_copies_have_no_url_of_their_own(site: Site, names: dict[str, str]) -> None:
    name = names["css/site.css"]
    for twin in (".gz", ".br", ".zstd", ".map", "~", ".bak", "/"):
        assert status_of(site, f"/static/{name}{twin}") == 404
    assert status_of(site, f"/static/{name[:-4].upper()}.css") == 404
    assert status_of(site, f"/static//{name}") == 404


def test_only_files_of_the_manifest_are_public(tmp_path: Path) -> None:
    assert public_names(tmp_path) == set()
    paths = {"a.js": "a.1.js", "a.js.map": "a.1.js.map", ".hidden": ".hidden.1", "d/.b": "d/.b.1"}
    (tmp_path / "staticfiles.json").write_text(json.dumps({"paths": paths}))
    assert public_names(tmp_path) == {"a.1.js"}


def test_the_stamp_file_is_outside_the_public_folder(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATIC_ROOT = root = tmp_path / "static"
    built = []

    def collect(folder: Path) -> None:
        built.append(1)
        folder.mkdir()

    monkeypatch.setattr(static_files, "collect", collect)
    for _ in range(2):
        build_static_files()
    assert (len(built), list(root.iterdir())) == (1, [])
    root.rmdir()
    build_static_files()  # the folder is missing, the stamp is not
    assert len(built) == 2
