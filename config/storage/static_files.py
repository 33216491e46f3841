"""Static files: their hashed names, and the folder that holds them as they are served."""

import hashlib
import json
import shutil
from multiprocessing import get_context
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names static files by their content, and rewrites the imports of our JavaScript modules.

    Django's own option rewrites all modules, but modules of packages import missing files.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r'(?P<matched>from "(?P<url>\.{1,2}/[\w/-]+\.js)";)', 'from "%(url)s";'),)),
    )


def public_names(root: Path) -> set[str]:
    """Returns the files of a folder that may be served: those in its manifest.

    Not the manifest itself, hidden files or source maps.
    """
    names = read_manifest(root).values()
    return {
        name for name in names if not name.endswith(".map") and not Path(name).name.startswith(".")
    }


def read_manifest(root: Path) -> dict[str, str]:
    """Returns the hashed name of each file in a folder. Empty without a manifest."""
    manifest = root / HashedStaticFilesStorage.manifest_name
    if not manifest.exists():
        return {}
    names: dict[str, str] = json.loads(manifest.read_text())["paths"]
    return names


def build_static_files() -> None:
    """Collects, hashes and compresses static files where their sources have changed.

    It builds in another folder, which it renames at the end, so that an interrupted build leaves nothing
    incomplete.
    """
    root: Path = settings.STATIC_ROOT
    stamp = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for file in sorted((settings.BASE_DIR / "static").rglob("*")):
        if file.is_file():
            stamp.update(str(file).encode() + file.read_bytes())
    marker = root.with_suffix(".stamp")  # not inside: everything in the folder is public
    if root.exists() and marker.exists() and marker.read_text() == stamp.hexdigest():
        return
    marker.unlink(missing_ok=True)
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    collect(unfinished)
    shutil.rmtree(root, ignore_errors=True)
    unfinished.rename(root)
    marker.write_text(stamp.hexdigest())


def collect(folder: Path) -> None:
    """Collects the static files in a process of its own: the server would keep the 45 MB that it takes."""
    process = get_context("spawn").Process(target=_collect, args=(folder,))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("The static files could not be built.")


def _collect(folder: Path) -> None:
    django.setup()
    settings.STATIC_ROOT = folder
    call_command("collectstatic", verbosity=0, interactive=False)
