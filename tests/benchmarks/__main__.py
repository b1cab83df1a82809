"""`python -m tests.benchmarks`: encode, decode, API round trip, click to painted mask, time to a usable page.

Every figure also stands as a ratio to calling onnxruntime directly with the same model in the same run: single times
depend on the machine and what else it does, ratios much less.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import browser, server


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=100, help="clicks per figure")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--skip-browser", action="store_true", help="without Chromium")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="annotator-bench-") as scratch:
        with console.status("engine and API"):
            figures = server.measure(Path(scratch) / "server", clicks=arguments.clicks)
        if not arguments.skip_browser:
            with console.status("browser"):
                figures += browser.measure(Path(scratch) / "browser", clicks=arguments.clicks)
    base = {figure.name: figure for figure in figures}
    table = Table("what", "p50 ms", "p95 ms", "ratio", "of", title=f"{platform.machine()}, {len(figures)} figures")
    for figure in figures:
        ratio = f"{figure.p50 / base[figure.against].p50:.2f}" if figure.against in base else ""
        table.add_row(figure.title, f"{figure.p50:.1f}", f"{figure.p95:.1f}", ratio, figure.against or "")
    console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps([figure.to_json(base) for figure in figures], indent=2) + "\n")


if __name__ == "__main__":
    main()
