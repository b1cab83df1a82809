"""Writing the statistics: one HTML page and a CSV file for each table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from annotator.exporters.atomic import appearing
from annotator.quality.figures import Statistics
from annotator.quality.findings import Finding
from annotator.quality.report import render
from annotator.quality.tables import tables, to_csv

PAGE = "report.html"


def write(
    statistics: Statistics, folder: Path, *, made: str, findings: Iterable[Finding] | None = None
) -> tuple[Path, ...]:
    """Write `report.html` and `csv/*.csv` into a folder; the paths written, the page first.

    The CSV files begin with a byte order mark, without which spreadsheets don't read them as UTF-8.

    Args:
        made, findings: as in `render`.

    Raises:
        StorageProblem: the folder can't be written.
    """
    files = {folder / PAGE: render(statistics, made=made, findings=findings).encode("utf-8")}
    files |= {folder / "csv" / f"{table.name}.csv": to_csv(table).encode("utf-8-sig") for table in tables(statistics)}
    for path, data in files.items():
        with appearing(path) as scratch:
            (scratch / path.name).write_bytes(data)
    return tuple(files)
