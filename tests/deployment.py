"""The files of `deploy/` put to work on this machine: the names and ports in them are examples."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.paths import ROOT

NAME = "photos.example.org"
FILES = ROOT / "deploy"


def settings_of_service() -> dict[str, str]:
    """The variables in `annotator.env`, as systemd reads them."""
    lines = [line.strip() for line in (FILES / "annotator.env").read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def programs_missing() -> str | None:
    """Which program is not here; nginx is in a place that only root has on the path."""
    return next((name for name in ("nginx", "openssl") if program(name) is None), None)


def program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


@contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[int]:
    """nginx with `deploy/nginx.conf` in front of servers at `ports`; yields the port where it answers by https."""
    folder.mkdir()
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    key, certificate = folder / "photos.key", folder / "photos.pem"
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    write = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([str(program("openssl")), *make, *write], check=True, capture_output=True)
    port = free_port()
    text = (FILES / "nginx.conf").read_text()
    for written, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/certs/photos.pem", str(certificate)),
        ("/etc/ssl/private/photos.key", str(key)),
        ("    server 127.0.0.1:7860;\n", "".join(f"    server 127.0.0.1:{one};\n" for one in ports)),
    ):
        assert text.count(written) == 1, written
        text = text.replace(written, here)
    (folder / "conf.d").mkdir()
    (folder / "conf.d/annotator.conf").write_text(text)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # temporary folders of the tests are root's alone
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/pid;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\naccess_log {folder}/access.log;\n{places}include {folder}/conf.d/*.conf;\n}}\n"
    )
    log = folder / "error.log"
    command = [str(program("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(log)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"nginx did not start: {log.read_text()}") from None
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)
