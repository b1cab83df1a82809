"""What can be typed, set or pressed is written down; what is written down exists."""

from __future__ import annotations

import json
import re

import typer.main

from annotator.api.app import create_app
from annotator.cli import app
from annotator.config import Settings
from annotator.sessions.service import Service
from tests.paths import ROOT

README = (ROOT / "README.md").read_text()


def test_every_command_and_option_is_in_the_readme() -> None:
    group = typer.main.get_command(app)
    missing = []
    for path, command in _leaves("annotator", group):
        if path not in README:
            missing.append(path)
        for parameter in command.params:
            flags = [flag for flag in [*parameter.opts, *parameter.secondary_opts] if flag.startswith("--")]
            if flags and not any(flag in README for flag in flags):
                missing.append(f"{path} {flags[0]}")
            assert parameter.name == "help" or getattr(parameter, "help", None), f"{path} {parameter.name} has no help"
    assert not missing, missing


def test_every_shortcut_is_in_the_readme_word_for_word() -> None:
    source = (ROOT / "annotator" / "ui" / "static" / "keyboard.js").read_text()
    rows = re.findall(r'\{ keys: (\[.+?\]),(?: action: "\w+",)? title: "([^"]+)"', source)
    assert len(rows) > 20
    table = README.split("<!-- shortcuts -->")[1].split("<!-- /shortcuts -->")[0]
    written = re.findall(r"^\| (.+) \| (.+) \|$", table, re.MULTILINE)[1:]
    assert written == [(", ".join(f"`{key}`" for key in json.loads(keys)), title) for keys, title in rows]


def test_every_setting_is_in_its_table() -> None:
    table = (ROOT / "docs" / "settings.md").read_text()
    rows = set(re.findall(r"^\| `(\w+)` \| `(\w+)` ", table, re.MULTILINE))
    assert rows == {(name, f"ANNOTATOR_{name.upper()}") for name in Settings.model_fields}


def test_every_route_is_in_the_api_document(service: Service) -> None:
    document = (ROOT / "docs" / "api.md").read_text()
    missing = []
    for path, methods in create_app(service).openapi()["paths"].items():
        short = path.removeprefix("/api/v1")
        for method in methods:
            line = rf"{method.upper()}( / \w+)*\s+{re.escape(short)}\b" if short != "/" else short
            if not re.search(line.replace(r"/redo", r"(/undo \| )?/redo"), document) and short not in document:
                missing.append(f"{method.upper()} {short}")
    assert not missing, missing


def test_links_and_pictures_of_the_documents_exist() -> None:
    broken = []
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            if not (document.parent / target).exists():
                broken.append(f"{document.name}: {target}")
    assert not broken, broken


def _leaves(name: str, command: object) -> list[tuple[str, typer.main.click.Command]]:
    subcommands = getattr(command, "commands", None)
    if not subcommands:
        return [(name, command)]  # type: ignore[list-item]
    return [leaf for key, sub in subcommands.items() for leaf in _leaves(f"{name} {key}", sub)]
