"""The example of the documentation, against the real server."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cast import PASSWORD, make_map, make_user
from tests.conftest import Site

pytestmark = pytest.mark.django_db(transaction=True)
DOCS = Path(__file__).parent.parent / "docs"
EXAMPLE, LOBBY_EXAMPLE = DOCS / "example_client.py", DOCS / "example_lobby_client.py"


def example() -> Any:
    spec = importlib.util.spec_from_file_location("example_client", EXAMPLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_signs_in_lists_and_goes_on_with_a_dead_token(site: Site) -> None:
    author = make_user("Author")
    for n in range(60):
        make_map(author, f"Ford {n:02}")
    client = example().Tribehold(site.url, "author", PASSWORD)
    assert len(list(client.maps())) == 60
    client.http.headers["Authorization"] = "Bearer dead"
    assert len(list(client.maps("ford"))) == 60
    assert client.ask("GET", "users/me")["username"] == "Author"
    client.refresh_token = "dead"
    client.http.headers["Authorization"] = "Bearer dead"
    with pytest.raises(httpx.HTTPStatusError):
        client.ask("GET", "users/me")
    client.close()


def test_it_runs_as_a_program(site: Site) -> None:
    make_map(make_user("Author"), "Quiet Ford")
    command = [sys.executable, str(EXAMPLE), site.url, "author", PASSWORD]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert answer.stdout == "0.00 ★ Quiet Ford, by Author\n", answer.stderr


def test_two_lobby_clients_gather_and_start(site: Site) -> None:
    make_map(make_user("Author"))
    make_user("Friend")

    def begin(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(LOBBY_EXAMPLE), site.url, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)

    with begin("author", PASSWORD) as host:
        assert host.stdout
        code = host.stdout.readline().split()[1]
        with begin("friend", PASSWORD, code) as friend:
            for process in (friend, host):
                said, complained = process.communicate(timeout=30)
                assert said.endswith("The game begins.\n"), said
                assert complained == ""
