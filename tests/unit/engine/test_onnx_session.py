from __future__ import annotations

import subprocess
import sys

import pytest

from annotator.engine.onnx_session import runtimes


def test_nothing_is_reported_to_the_makers_of_a_runtime() -> None:
    pytest.importorskip("openvino", reason="the optional package openvino is not installed")
    program = (
        "from annotator.engine import onnx_session; import sys; onnx_session._core();"
        "print([name for name, module in sys.modules.items() if 'openvino_telemetry' in name and module])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_exact_runtimes_compute_in_full_precision() -> None:
    assert {runtime.precision for runtime in runtimes(exact=True)} == {"fp32"}
