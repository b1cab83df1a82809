"""`python -m tests.benchmarks`: the figures of `annotator bench`, then from a click to its painted mask in Chromium.

The browser's figures are ratios to the plain predictor of the same run: single times depend on the machine and what
else it does, ratios much less.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from annotator.bench.plan import Plan
from annotator.bench.run import run
from annotator.cli.bench import print_report
from tests.benchmarks import browser, datasets


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=100, help="clicks per figure")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--skip-browser", action="store_true", help="without Chromium")
    arguments = parser.parse_args()
    plan = Plan(model="mobile_sam", clicks=arguments.clicks)
    report = run(plan.quick() if arguments.quick else plan, say=lambda sentence: print(sentence, file=sys.stderr))
    if not arguments.skip_browser:
        print("Browser", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="annotator-bench-") as scratch:
            clicks = plan.quick().clicks if arguments.quick else plan.clicks
            for figure in browser.measure(Path(scratch) / "demo", clicks=clicks):
                report.figures[figure.name] = figure
        print("Datasets", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="annotator-bench-") as scratch:
            size = {"images": 500, "objects": 5000} if arguments.quick else {}
            for figure in datasets.measure(Path(scratch), **size):
                report.figures[figure.name] = figure
    print_report(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report.to_json(), indent=2) + "\n")


if __name__ == "__main__":
    main()
