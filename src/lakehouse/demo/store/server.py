"""A private MariaDB server in a folder: own data, own port, bound to this machine, independent of any server of the system.

`start` gives a running `Server` (an already running one is used again), `stop` ends it and keeps the data.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

DEFAULT_PORT = 33306
LONGEST_SOCKET_PATH = 100  # the system allows 107 bytes
SECONDS_TO_WAIT = 60.0
_children: dict[Path, subprocess.Popen[bytes]] = {}


class ServerError(RuntimeError):
    """The private database server cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """A running server. The administrator `root` comes in through the socket only, everybody else through the port."""

    folder: Path
    port: int
    socket: Path

    def connect(self, database: str | None = None, user: str = "root", password: str = "") -> Connection[Cursor]:
        """A connection in utf8mb4 and UTC that commits each statement."""
        door = {"unix_socket": str(self.socket)} if user == "root" else {"host": "127.0.0.1", "port": self.port}
        return pymysql.connect(
            user=user, password=password, database=database, charset="utf8mb4", autocommit=True, local_infile=user == "root",
            init_command="SET time_zone = '+00:00'", **door,
        )  # fmt: skip


def start(folder: Path, port: int | None = None, options: tuple[str, ...] = ()) -> Server:
    """A ready server whose data is in `folder`; without a port the one of last time, else 33306 if free, else any free one.

    `options` are arguments of mariadbd for this start.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    running = find(folder)
    if running is not None:
        return running
    is_new = not (folder / "data" / "mysql").is_dir()
    if is_new:
        _install(folder)
    chosen = port or _remembered_port(folder)
    server = Server(folder, chosen or _free_port(DEFAULT_PORT), _socket_path(folder))
    try:
        _launch(server, options)
    except ServerError:
        if chosen:
            raise
        # Another server that was starting took the port in between.
        server = replace(server, port=_free_port(0))
        _launch(server, options)
    (folder / "port").write_text(f"{server.port}\n")
    if is_new:
        _keep_root_to_the_socket(server)
    return server


def stop(folder: Path) -> bool:
    """Whether a server was running in `folder`; it is down afterwards."""
    server = find(folder.absolute())
    if server is None:
        return False
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHUTDOWN")
    _wait(lambda: not _pid_file(server.folder).exists(), f"MariaDB in {server.folder} does not stop; look into {_error_log(server.folder)}")
    child = _children.pop(server.folder, None)
    if child is not None:
        child.wait(SECONDS_TO_WAIT)
    return True


def find(folder: Path) -> Server | None:
    """The server that answers for `folder`, if any."""
    port = _remembered_port(folder.absolute())
    server = Server(folder.absolute(), port or 0, _socket_path(folder.absolute()))
    return server if port is not None and _answers(server) else None


def _install(folder: Path) -> None:
    command = [_program("mariadb-install-db", "mysql_install_db"), "--no-defaults", f"--datadir={folder / 'data'}", *_as_user()]
    command += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    environment = {**os.environ, "TMPDIR": str(_temporary(folder))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    _error_log(folder).write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise ServerError(f"MariaDB cannot set up its data in {folder / 'data'}: look into {_error_log(folder)}")


def _temporary(folder: Path) -> Path:
    """Its own: a server that starts clears the temporary tables of all others that share the folder."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return temporary


def _launch(server: Server, options: tuple[str, ...]) -> None:
    server.socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [
        _program("mariadbd", "mysqld"), "--no-defaults", *_as_user(), f"--datadir={server.folder / 'data'}", f"--socket={server.socket}",
        f"--port={server.port}", "--bind-address=127.0.0.1", "--skip-name-resolve", f"--pid-file={_pid_file(server.folder)}",
        f"--tmpdir={_temporary(server.folder)}",
        "--local-infile=1", "--innodb-buffer-pool-size=192M", "--innodb-log-file-size=96M", "--innodb-flush-log-at-trx-commit=2",
        "--max-allowed-packet=64M", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_520_ci", *options,
    ]  # fmt: skip
    with _error_log(server.folder).open("ab") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    failed = f"MariaDB does not start on port {server.port}: look into {_error_log(server.folder)}; is the port taken? Give another one."
    _wait(lambda: _answers(server) or child.poll() is not None, failed)
    if child.poll() is not None:
        raise ServerError(failed)
    _children[server.folder] = child


def _keep_root_to_the_socket(server: Server) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND Host <> 'localhost'")
        cursor.execute("FLUSH PRIVILEGES")


def _program(*names: str) -> str:
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/bin", "/opt/homebrew/bin"])
    for name in names:
        found = shutil.which(name, path=places)
        if found:
            return found
    raise ServerError(f"`{names[0]}` is not installed: install MariaDB's server, for example with `apt-get install mariadb-server`.")


def _as_user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _socket_path(folder: Path) -> Path:
    near = folder / "mariadb.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
        return near
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"demo-shop-{os.geteuid()}-{mark}" / "s"


def _pid_file(folder: Path) -> Path:
    return folder / "mariadb.pid"


def _error_log(folder: Path) -> Path:
    return folder / "error.log"


def _remembered_port(folder: Path) -> int | None:
    file = folder / "port"
    return int(file.read_text()) if file.exists() else None


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("No free port on 127.0.0.1.")


def _answers(server: Server) -> bool:
    if not server.socket.exists():
        return False
    try:
        server.connect().close()
    except pymysql.err.OperationalError:
        return False
    return True


def _wait(is_done: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not is_done():
        if time.monotonic() > deadline:
            raise ServerError(message)
        time.sleep(0.1)
