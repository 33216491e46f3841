"""The folders of the embedded servers, and the account that runs them."""

import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent
# The path of a Unix socket has at most 103 bytes on macOS, 107 on Linux.
MAX_SOCKET_FOLDER_BYTES = 80


class StartError(Exception):
    """The servers can't start. The message has the reason and says what to do."""


def data_folder() -> Path:
    """Returns the folder for everything that this installation stores: TRIBEHOLD_DATA, or `.data/`."""
    return Path(os.environ.get("TRIBEHOLD_DATA") or PROJECT / ".data").absolute()


def servers_folder() -> Path:
    """Returns the folder of the servers' files: `servers/` in the data folder, with links resolved."""
    return (data_folder() / "servers").resolve()


def socket_folder() -> Path:
    """Returns the folder of the Unix sockets: with the files, or in /tmp if that path is too long."""
    folder = servers_folder() / "run"
    if len(os.fsencode(folder)) <= MAX_SOCKET_FOLDER_BYTES:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path("/tmp") / f"tribehold-{name}"  # noqa: S108 - make_folder checks its owner


def redis_socket() -> Path:
    """Returns the Unix socket of the embedded Redis-compatible server."""
    return socket_folder() / "redis.sock"


@dataclass(frozen=True)
class Owner:
    """The account that runs the servers. PostgreSQL does not run as root."""

    uid: int
    gid: int

    @classmethod
    def choose(cls, cluster: Path) -> "Owner":
        """Returns the current account. For root: the owner of the cluster, `postgres` or `nobody`."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if cluster.exists() and cluster.stat().st_uid != 0:
            return cls(cluster.stat().st_uid, cluster.stat().st_gid)
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise StartError(
            "PostgreSQL doesn't run as root, and this machine has neither an account named"
            " 'postgres' nor 'nobody'. Run as an ordinary user, or set DATABASE_URL."
        )

    def run(self, *command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a program as this account, and captures its output as text."""
        if os.geteuid() == 0:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        # Not a pipe, because a server that pg_ctl starts would inherit it and keep it open.
        with tempfile.TemporaryFile("w+") as output:
            result = subprocess.run(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, result.returncode, output.read())

    def make_folder(self, folder: Path) -> None:
        """Creates a folder that belongs to this account. Raises PermissionError if it belongs to another."""
        folder.mkdir(parents=True, exist_ok=True)
        entry = folder.lstat()
        if stat.S_ISLNK(entry.st_mode) or entry.st_uid not in (os.geteuid(), self.uid):
            raise PermissionError(errno.EPERM, "it belongs to somebody else", str(folder))
        if entry.st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def can_enter(self, folder: Path) -> bool:
        """Returns whether this account can reach a folder."""
        return self.run("test", "-x", folder).returncode == 0


@contextlib.contextmanager
def prepare_lock() -> Iterator[None]:
    """Lets one process at a time create the folders. Raises StartError."""
    try:
        data_folder().mkdir(parents=True, exist_ok=True)
        lock = (data_folder() / "prepare.lock").open("w")
    except OSError as error:
        raise data_folder_error(error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare_folders() -> Owner:
    """Creates the folders of the servers. Returns the account that will run them."""
    data = data_folder()
    link = data / "servers"
    try:
        owner = Owner.choose(link / "postgres")
        if not link.exists():
            if owner.uid == os.geteuid() or owner.can_enter(data):
                link.mkdir(mode=0o711)
            else:
                # The account that runs PostgreSQL can't enter root's folder, and its permissions must not
                # change. So the servers' files are in another folder, with a link to it.
                state = Path("/var/lib") if Path("/var/lib").is_dir() else Path("/usr/local/var")
                state.mkdir(parents=True, exist_ok=True)
                target = tempfile.mkdtemp(prefix="tribehold-", dir=state)
                link.unlink(missing_ok=True)
                link.symlink_to(target)
        home = servers_folder()
        home.chmod(0o711)
        for folder in (home / "log", home / "redis", socket_folder()):
            owner.make_folder(folder)
        for lock in ("boot.lock", "users.lock"):
            (home / lock).touch(mode=0o600)
    except OSError as error:
        raise data_folder_error(error) from error
    return owner


def data_folder_error(error: OSError) -> StartError:
    """Returns the error for a data directory that can't be used."""
    return StartError(
        f"the data directory {data_folder()} can't be used ({error.strerror}: {error.filename})."
        " Make it writable for your account, or choose another one: TRIBEHOLD_DATA=/some/folder."
    )
