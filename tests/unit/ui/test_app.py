"""The page as the server hands it out: tabs, modules, no foreign address, nothing that can be injected."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from annotator.api.app import create_app
from annotator.config import Settings
from annotator.errors import ExportFailed
from annotator.exporters import EXPORTERS
from annotator.exporters.base import ExportReport, Loss, Skipped
from annotator.importers.base import BadRecord
from annotator.sessions.import_rows import ImportReport
from annotator.sessions.service import Service
from annotator.ui import export_tab, import_tab, reports
from annotator.ui.app import STATIC, mount

MODULES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js"))


@pytest.fixture
def page(service: Service) -> Iterator[TestClient]:
    async def mounted() -> FastAPI:
        return mount(create_app(service), service)

    # Where no event loop runs Gradio makes some that it never closes.
    app = asyncio.run(mounted())
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


def test_the_page_has_its_tabs_and_the_api_stays_beside_it(page: TestClient) -> None:
    config = page.get("/config").json()
    tabs = [c["props"]["label"] for c in config["components"] if c["type"] == "tabitem"]
    assert tabs == ["Annotate", "Review", "Quality", "Statistics", "Import", "Export"]
    assert page.get("/api/v1/projects").json()["items"]
    assert page.get("/healthz").json()["status"] == "ok"


def test_nothing_of_gradio_looks_over_the_shoulder(page: TestClient) -> None:
    config = page.get("/config").json()
    assert config["analytics_enabled"] is False
    assert config["run_history"] is False
    assert config["footer_links"] == []


def test_fonts_are_the_systems(page: TestClient) -> None:
    config = page.get("/config").json()
    assert config["stylesheets"] == []
    theme = page.get("/theme.css").text
    assert "@font-face" not in theme
    assert set(re.findall(r"https?://[^\s\"')]+", theme)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_every_module_is_served_and_imports_only_what_is_there(page: TestClient) -> None:
    for module in MODULES:
        reply = page.get(f"/annotator/static/{module}")
        assert reply.status_code == 200, module
        assert "javascript" in reply.headers["content-type"]
        assert reply.headers["cache-control"] == "no-cache"
        folder = (STATIC / module).parent
        for target in re.findall(r"""from "([^"]+)";""", reply.text):
            assert (folder / target).resolve().is_file(), f"{module}: {target}"
            assert (folder / target).resolve().is_relative_to(STATIC), f"{module}: {target}"


def test_no_module_parses_html_or_asks_another_machine() -> None:
    for name in MODULES:
        text = (STATIC / name).read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name
        assert set(re.findall(r"https?://[^\"'\s]+", text)) <= {"http://www.w3.org/2000/svg"}, name
    assert not re.search(r"@import|url\(|https?:", (STATIC / "theme.css").read_text())


def test_files_outside_the_modules_can_not_be_read(page: TestClient) -> None:
    for path in ("../app.py", "%2e%2e/app.py", "..%2f..%2fconfig.py", "/etc/passwd"):
        assert page.get(f"/annotator/static/{path}").status_code == 404


def test_options_reach_the_format_that_they_belong_to() -> None:
    values = tuple(option.default for exporter in EXPORTERS.values() for option in exporter.options)
    for exporter in EXPORTERS.values():
        expected = {option.name: option.default for option in exporter.options}
        assert export_tab._options_of(exporter.name, values) == expected


def test_an_export_of_the_tab_lands_in_the_data_folder_and_tells_its_progress(service: Service) -> None:
    image = service.list_images(status=None, query=None, limit=1, cursor=None).items[0]
    service.set_state(author="ann", image_id=image.id, state="empty")
    steps: list[tuple[int, int]] = []
    report = export_tab.export(
        service, name="coco", options={}, progress=lambda done, total: steps.append((done, total))
    )
    assert report.images == 1
    assert report.target.is_relative_to(service.folder / ".annotator" / "exports")
    assert export_tab.download_of(report) == report.target
    assert steps
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


def test_a_folder_is_downloaded_as_an_archive(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "1.png").write_bytes(b"x")
    assert export_tab.download_of(_report(tmp_path / "masks")).name == "masks.zip"


def test_the_report_names_what_was_skipped_and_lost_and_runs_no_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    skipped = tuple(Skipped(f"{evil}{n}", "broken & empty") for n in range(25))
    report = _report(Path(evil), skipped=skipped, warnings=(evil,), losses=(Loss(7, evil, 0.98),), minimum_iou=0.98)
    text = export_tab.report_html(report)
    assert "<img" not in text
    assert "broken &amp; empty" in text
    assert "Skipped: 25" in text
    assert "and 5 more" in text
    assert "IoU 0.9800" in text
    assert "<img" not in reports.error_html(ExportFailed(evil), what="No.")


def test_a_name_full_of_markup_is_shown_as_it_is() -> None:
    assert reports.plain("a_b*[x](y)<i>") == r"a\_b\*\[x\]\(y\)\<i\>"


def _report(target: Path, **parts: object) -> ExportReport:
    return ExportReport(format="coco", target=target, images=1, annotations=0, categories=1, **parts)  # type: ignore[arg-type]


def test_what_an_import_left_out_is_listed_and_runs_no_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    report = ImportReport(
        images=2,
        added=1234,
        already=3,
        categories=1,
        masked=5,
        renumbered=6,
        problems=(BadRecord("annotations[7]", evil),),
        seconds=1.0,
        dry=True,
    )
    text = import_tab.shown(report)
    assert "<img" not in text
    for part in ("1,234", "would come in", "annotations[7]", "5 of them are masks", "6 objects got other ids"):
        assert part in text


@pytest.mark.parametrize(
    ("flags", "local"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"host": "::1"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "192.168.1.5"}, False),
        ({"allowed_hosts": ["photos.example.org"]}, False),
    ],
)
def test_paths_are_read_only_where_nobody_else_reaches_the_server(flags: dict[str, Any], local: bool) -> None:
    assert Settings.load(**flags).local is local
