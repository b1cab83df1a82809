"""A PostgreSQL server of the tests' own: in a temporary folder, on a free port of this machine, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Where the programs of the server are; None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Server:
    """A running server; `database` makes an empty database and returns its URL."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def database(self) -> str:
        """A new database. Its language is one that sorts otherwise than bytes do."""
        import psycopg

        name = f"a{uuid.uuid4().hex}"
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Start one in an empty folder, and stop it.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
    """
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed; the package is “postgresql”")
    root = os.geteuid() == 0  # the server refuses to be root
    user = "postgres" if root else None
    data = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    if root:
        for place in (folder, *folder.parents):
            if place.stat().st_uid == 0 and place != Path("/") and not place.stat().st_mode & 0o001:
                place.chmod(place.stat().st_mode | 0o011)
        shutil.chown(folder, "postgres", "postgres")
    how = {"user": user, "group": user, "cwd": folder} if root else {"cwd": folder}
    command = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"]
    subprocess.run([*command, "--no-sync"], check=True, capture_output=True, **how)  # type: ignore[call-overload]
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    settings["max_connections"] = 300
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    log = (folder / "log").open("wb")
    process = subprocess.Popen([programs / "postgres", "-D", data, *words], stdout=log, stderr=log, **how)  # type: ignore[call-overload]
    try:
        _wait(port, process, folder / "log")
        yield Server(port)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text(errors="replace")) from None
            time.sleep(0.05)
