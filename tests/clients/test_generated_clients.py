"""Clients made by openapi-python-client and openapi-typescript pass type checks, and call every route.

They are generated from the schema of this code. Any warning of a generator is an error. The round trips
(round_trip.py and round_trip.ts) run in processes of their own against the running site.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve
from websockets.sync.client import connect

from config.api.schema_view import render_schema
from tests.support.documents import new_map
from tests.support.live_site import Site

pytestmark = pytest.mark.django_db(transaction=True)
HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """The schema, in a file."""
    file = tmp_path / "schema.json"
    file.write_bytes(render_schema())
    return file


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Runs a command in a folder. Fails unless it succeeds."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"


def call_all_routes(command: Sequence[str | Path], folder: Path, site: Site) -> None:
    """Runs a round trip. Fails unless it calls each operation of the schema with success."""
    sample = folder / "map.json"
    sample.write_text(json.dumps(new_map(description=None)))
    environment = os.environ | {"SITE": site.url, "MAP": str(sample)}
    called, said = set(), []
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        assert process.stdout
        for line in process.stdout:
            kind, *words = line.split() or [""]
            if kind == "seat":
                hold_seat(stack, site, *words)
            elif kind != "call":
                said.append(line)
            elif int(words[2]) < 300:
                called.add((words[0], f"/{resolve(words[1]).route}"))
        assert process.wait(60) == 0, "".join(said)
    assert missing_operations(called) == set()


def hold_seat(stack: ExitStack, site: Site, path: str, subprotocol: Any, ticket: str) -> None:
    """Opens the socket of a seat until the end, and says that its player is ready."""
    address = site.url.replace("http", "ws") + path
    socket = stack.enter_context(connect(address, subprotocols=[subprotocol]))
    socket.send(json.dumps({"type": "hello", "id": "1", "data": {"ticket": ticket}}))
    socket.send(json.dumps({"type": "ready", "id": "2", "data": {"is_ready": True}}))


def missing_operations(called: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Returns the operations of the schema that were not called."""
    paths: dict[str, dict[str, Any]] = json.loads(render_schema())["paths"]
    routes = {path: "/" + resolve(fill(path)).route for path in paths}
    operations = {
        (method.upper(), routes[path]) for path, all_of in paths.items() for method in all_of
    }
    assert len(operations) >= 50
    return operations - called


def fill(path: str) -> str:
    for part in ("map_id", "collection_id", "tribe_id", "session_id"):
        path = path.replace(f"{{{part}}}", "00000000-0000-0000-0000-000000000001")
    return path.replace("{username}", "Somebody")


def test_a_route_that_is_not_called_is_found() -> None:
    assert ("GET", "/api/v1/maps") in missing_operations(set())
    assert ("GET", "/api/v1/maps") not in missing_operations({("GET", "/api/v1/maps")})


def test_the_python_client(schema: Path, tmp_path: Path, tasks_run: None, site: Site) -> None:
    folder = tmp_path / "python"
    folder.mkdir()
    run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta=none",
            f"--path={schema}", f"--config={HERE / 'openapi-python-client.json'}",
            f"--output-path={folder / 'tribehold_client'}",
        ],
        folder,
    )  # fmt: skip
    shutil.copy(HERE / "round_trip.py", folder)
    run([sys.executable, "-m", "mypy", "--strict", "round_trip.py", "tribehold_client"], folder)
    call_all_routes([sys.executable, "round_trip.py"], folder, site)


@pytest.mark.skipif(
    not (NODE_MODULES / ".ok").exists(),
    reason="`make clients` and `make check` install npm's packages",
)
def test_the_typescript_client(schema: Path, tmp_path: Path, tasks_run: None, site: Site) -> None:
    folder = tmp_path / "typescript"
    folder.mkdir()
    (folder / "node_modules").symlink_to(NODE_MODULES.resolve())
    (folder / "package.json").write_text('{"type": "module"}')
    for name in ("round_trip.ts", "tsconfig.json"):
        shutil.copy(HERE / name, folder)
    programs = NODE_MODULES / ".bin"
    run([programs / "openapi-typescript", schema, "--output", "schema.d.ts"], folder)
    run([programs / "tsc", "--project", "."], folder)
    call_all_routes(["node", "round_trip.js"], folder, site)
