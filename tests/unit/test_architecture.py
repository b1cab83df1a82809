"""The rooms of the house: who may import whom, and what may be imported where."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGE = ROOT / "annotator"

# domain ← {images, engine, store, exporters, importers} ← quality ← sessions ← {api, ui, cli}
ALLOWED = {
    "domain": set(),
    "images": {"domain"},
    "engine": {"domain"},
    "store": {"domain"},
    "exporters": {"domain"},
    "importers": {"domain", "images"},
    "quality": {"domain", "images", "exporters", "importers"},
    "sessions": {"domain", "images", "engine", "store", "exporters", "importers", "quality"},
    "api": {"domain", "images", "engine", "store", "exporters", "quality", "sessions"},
    "ui": {"domain", "exporters", "quality", "sessions", "api"},
    "bench": {"domain", "images", "engine", "sessions", "api"},
}
# Modules beside the rooms: everybody may use the first ones, the others stand at the door.
SHARED = {"errors", "logs", "paths", "scratch"}
SETTINGS = {"config"}
HOMES = {
    "torch": {"engine", "bench"},
    "torchvision": {"engine", "bench"},
    "sam2": {"engine", "bench"},
    "onnxruntime": {"engine", "bench"},
    "sqlalchemy": {"store", "sessions"},
    "alembic": {"store"},
    "gradio": {"ui"},
    "fastapi": {"api", "ui"},
    "starlette": {"api", "ui"},
    "PIL": {"images"},
    "typer": {"cli"},
    "rich": {"cli"},
    "onnx": {"engine"},
    "openvino": {"engine"},
    "transformers": {"engine"},
    "huggingface_hub": {"engine"},
    "httpx": {"engine", "bench"},
    "safetensors": {"engine"},
    "cv2": {"images", "engine", "domain", "quality", "bench"},
}


def imports() -> list[tuple[Path, str]]:
    """(file, imported module) for every import in the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [(path, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                found += [(path, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def test_arrows_between_rooms_go_one_way() -> None:
    wrong = []
    for path, module in imports():
        parts = module.split(".")
        if parts[0] != "annotator" or len(parts) < 2 or room(path) not in ALLOWED:
            continue
        target = parts[1]
        fine = target == room(path) or target in ALLOWED[room(path)] | SHARED or target == "__version__"
        if not fine and not (target in SETTINGS and room(path) in {"sessions", "api", "ui"}):
            wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_stay_in_their_rooms() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path, module in imports()
        if room(path) not in HOMES.get(module.split(".")[0], {room(path)})
    ]
    assert not wrong, "\n".join(wrong)


MODELS = {"torch", "sam2", "transformers", "onnxruntime", "openvino", "gradio", "sqlalchemy", "fastapi"}
ARRAYS = {"cv2", "numpy"}


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], MODELS | ARRAYS),
        (["--version"], MODELS | ARRAYS),
        (["check", "--help"], MODELS | ARRAYS),
        (["import", "--help"], MODELS | ARRAYS),
        (["export", "coco", "--help"], MODELS),  # the exporters say what their options are
    ],
)
def test_the_command_line_answers_without_loading_a_model_library(arguments: list[str], heavy: set[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = ['annotator', *{arguments!r}]\n"
        "from annotator.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        f"heavy = {heavy!r} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_modules_stay_small() -> None:
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")]
    long = {str(path.relative_to(ROOT)): count for path in files if (count := len(path.read_text().splitlines())) > 400}
    assert not long, f"over 400 lines, split them by job: {long}"
