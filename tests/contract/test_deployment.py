"""docs/deploy.md followed on this machine, as far as that goes without Docker and without being systemd."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from annotator.config import Settings
from tests.conftest import photo
from tests.deployment import FILES, NAME, nginx, programs_missing, settings_of_service
from tests.e2e.app import App
from tests.paths import ROOT

PASSWORD = "correct horse battery"
DOCUMENT = (ROOT / "docs/deploy.md").read_text()


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Where the folders of the document are here."""
    photo(tmp_path / "srv/photos/a.png", seed=1)
    made = {
        "/opt/annotator/bin/annotator": f"{shlex.quote(sys.executable)} -m annotator",
        "/srv/photos": str(tmp_path / "srv/photos"),
        "/var/lib/annotator": str(tmp_path / "lib"),
        "/var/backups": str(tmp_path / "backups"),
    }
    (tmp_path / "lib").mkdir()
    (tmp_path / "backups").mkdir()
    return made


def here(text: str, places: dict[str, str]) -> str:
    for written, place in places.items():
        text = text.replace(written, place)
    return text


def commands(section: str) -> str:
    """The shell lines under a heading of the document."""
    part = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)
    (found,) = [one for one in part if one.startswith(section)]
    return "".join(re.findall(r"```sh\n(.*?)```", found, re.DOTALL))


def typing(script: str, answer: str) -> str:
    """Run shell lines at a terminal at which somebody types the same answer to every question."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-euc", script], stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=ROOT
    )
    os.close(slave)
    said = b""
    try:
        while chunk := _read(master):
            said += chunk
            if chunk.rstrip().endswith((b"Password:", b"Once more:")):
                os.write(master, answer.encode() + b"\n")
    finally:
        os.close(master)
        code = process.wait(timeout=60)
    text = said.decode()
    assert code == 0, text
    return text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # its other end is closed
        return b""


def start(places: dict[str, str], number: int = 0) -> App:
    """What the service of systemd starts, with its settings and its words."""
    unit = (FILES / "annotator.service").read_text()
    (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    words = shlex.split(here(line, {"/srv/photos": places["/srv/photos"]}))
    assert words[0] == "/opt/annotator/bin/annotator"
    for name, value in settings_of_service().items():
        if name != "ANNOTATOR_PORT":
            os.environ[name] = here(value, places)
    app = App(Path(places["/srv/photos"]), [*words[1:], "--model", "fake"])
    return app.start()


@pytest.fixture
def restored_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings_of_service():
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_the_first_account_the_service_and_the_web_server(
    places: dict[str, str], tmp_path: Path, restored_environment: None
) -> None:
    said = typing(here(commands("Who may come in"), places), PASSWORD)
    assert "Ada" in said
    if missing := programs_missing():
        pytest.skip(f"{missing} is not installed")
    app = start(places)
    try:
        with nginx(tmp_path / "nginx", [app.port]) as port:
            _through(port, tmp_path / "nginx/photos.pem")
    finally:
        app.stop()
    assert any('"message"' in line for line in app.log), "lines of JSON go to the journal"
    backup = commands("Backups")
    os.environ["ANNOTATOR_DATA_DIR"] = str(tmp_path / "lib")
    subprocess.run(["sh", "-euc", here(backup, places)], check=True)
    assert list((tmp_path / "backups").iterdir())


def _through(port: int, certificate: Path) -> None:
    transport = httpx.HTTPTransport(verify=False)
    headers = {"Host": f"{NAME}:{port}"}
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", transport=transport, headers=headers) as client:
        page = client.get("/annotator/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/annotator/login?next=%2F")
        assert client.get("/annotator").headers["location"].endswith("/annotator/")
        origin = {"Origin": f"https://{NAME}:{port}"}
        form = {"name": "Ada", "password": PASSWORD}
        came = client.post("/annotator/login?next=%2F", data=form, headers=origin)
        assert (came.status_code, came.headers["location"]) == (303, "/annotator/")
        cookie = came.headers["set-cookie"].lower()
        assert "secure" in cookie
        assert "path=/annotator;" in cookie
        (name, value) = came.headers["set-cookie"].split(";")[0].split("=", 1)
        signed = {"Cookie": f"{name}={value}"}
        me = client.get("/annotator/api/v1/me", headers={**signed, "X-Forwarded-User": "mallory"})
        assert (me.json()["name"], me.json()["role"]) == ("Ada", "admin")
        assert len(me.headers["x-request-id"]) == 32, "the web server's own"
        (image,) = client.get("/annotator/api/v1/projects/photos/images", headers=signed).json()["items"]
        shown = client.get(f"/annotator/api/v1/images/{image['id']}", headers=signed).json()
        assert client.get(shown["pixels"]["url"], headers=signed).headers["content-type"].startswith("image/")
        assert client.get(shown["thumbnail"], headers=signed).status_code == 200
        assert client.get("/annotator/api/openapi.json", headers=signed).json()["servers"] == [{"url": "/annotator"}]
        assert client.get("/annotator/metrics", headers=signed).status_code == 403
        elsewhere = {**signed, "Origin": "https://elsewhere.example.org"}
        assert client.post("/annotator/api/v1/projects/photos/undo", json={}, headers=elsewhere).status_code == 403
        with client.stream("GET", "/annotator/api/v1/projects/photos/events", headers=signed) as events:
            assert next(events.iter_lines()).startswith(("event:", "id:", ":", "retry:")), "it comes while it lasts"
        assert client.get("/elsewhere").status_code == 404


def test_settings_that_the_files_name_exist(restored_environment: None) -> None:
    known = {f"ANNOTATOR_{name.upper()}" for name in Settings.model_fields}
    compose = [yaml.safe_load((FILES / name).read_text()) for name in ("compose.yaml", "compose.gpu.yaml")]
    named = {
        *settings_of_service(),
        *re.findall(r"\b(ANNOTATOR_\w+)=", (FILES / "Dockerfile").read_text()),
        *(name for one in compose for name in one["services"]["app"].get("environment", {})),
        *re.findall(r"\b(ANNOTATOR_\w+)", DOCUMENT),
    }
    assert len(named) > 8
    assert named <= known


def test_compose_only_opens_what_is_meant(restored_environment: None) -> None:
    compose: dict[str, Any] = yaml.safe_load((FILES / "compose.yaml").read_text())
    assert all(port.startswith("127.0.0.1:") for one in compose["services"].values() for port in one.get("ports", []))
    mounted = {
        volume.split(":")[0]
        for one in compose["services"].values()
        for volume in one["volumes"]
        if not volume.startswith("${")
    }
    assert mounted == set(compose["volumes"])
    text = (FILES / "Dockerfile").read_text() + (FILES / "compose.gpu.yaml").read_text()
    extras = re.findall(r"EXTRAS[=:] ?(\S+)", text)
    offered = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {name for one in extras for name in one.split(",")} <= set(offered)


def test_systemd_understands_the_service(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    unit = (FILES / "annotator.service").read_text().replace("/opt/annotator/bin/annotator", "/bin/true")
    place = tmp_path / "annotator.service"
    place.write_text(unit)
    done = subprocess.run(["systemd-analyze", "verify", place], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
