"""Running an ONNX graph on the CPU: with onnxruntime, or with OpenVINO where it is installed."""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from annotator.errors import ModelProblem

Array = npt.NDArray[Any]
Feeds = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a graph, and in which precision it computes (what goes in and comes out is not changed by it)."""

    library: Literal["onnxruntime", "openvino"]
    precision: Literal["fp32", "bf16"] = "fp32"

    @property
    def identity(self) -> str:
        """What its numbers depend on: library, version, precision and processor."""
        version = _openvino().__version__ if self.library == "openvino" else _onnxruntime().__version__
        return f"{self.library} {version} {self.precision} on {_processor()}"


PLAIN = Runtime("onnxruntime")


class Session(Protocol):
    """A graph that is ready to run, in one thread at a time; several sessions may run at once."""

    def run(self, feeds: Feeds) -> dict[str, Array]:
        """The outputs by name.

        Raises:
            ModelProblem: it failed.
        """


def runtimes(*, exact: bool = False) -> list[Runtime]:
    """Those that are here, the fastest for an image encoder first; `exact`: only those that compute in fp32."""
    if importlib.util.find_spec("openvino") is None:
        return [PLAIN]
    try:
        capabilities = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except (ImportError, RuntimeError):
        return [PLAIN]
    half = [Runtime("openvino", "bf16")] if "BF16" in capabilities and not exact else []
    return [*half, Runtime("openvino"), PLAIN]


def open_session(
    content: bytes, *, what: str, remedy: str, runtime: Runtime = PLAIN, threads: int | None = None
) -> Session:
    """Make a graph ready to run.

    Args:
        content: of an ONNX file.
        what: the file's name, for messages.
        remedy: what to do if it is not usable, for messages.
        threads: threads of one run; None: one a core.

    Raises:
        ModelProblem: the library is missing, or it can't load the graph.
    """
    kind = _OpenVino if runtime.library == "openvino" else _OnnxRuntime
    count = threads or os.cpu_count() or 1
    try:
        return kind(content, runtime, count)
    except _failures(runtime) as problem:
        raise ModelProblem(
            f"The model file {what} is not a model that {runtime.library} can load; {remedy}."
        ) from problem


class _OnnxRuntime:
    def __init__(self, content: bytes, runtime: Runtime, threads: int) -> None:
        onnxruntime = _onnxruntime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Said, because by default onnxruntime ties its threads to cores, where they wait for the web server.
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the cores from the web server that has to answer.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._names = [output.name for output in self._session.get_outputs()]
        self._failures = _failures(runtime)

    def run(self, feeds: Feeds) -> dict[str, Array]:
        try:
            outputs: list[Array] = self._session.run(self._names, dict(feeds))
        except self._failures as problem:
            raise ModelProblem(f"The model failed to run: {problem}") from problem
        return dict(zip(self._names, outputs, strict=True))


class _OpenVino:
    def __init__(self, content: bytes, runtime: Runtime, threads: int) -> None:
        core = _core()
        options = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "bf16" if runtime.precision == "bf16" else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            # As onnxruntime's: threads tied to cores wait for the web server.
            "ENABLE_CPU_PINNING": False,
        }
        model = core.compile_model(core.read_model(content), "CPU", options)
        self._request = model.create_infer_request()
        self._names = [output.any_name for output in model.outputs]
        self._failures = _failures(runtime)

    def run(self, feeds: Feeds) -> dict[str, Array]:
        try:
            outputs = self._request.infer(dict(feeds))
        except self._failures as problem:
            raise ModelProblem(f"The model failed to run: {problem}") from problem
        return {name: np.asarray(outputs[number]) for number, name in enumerate(self._names)}


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as problem:
        raise ModelProblem(f"onnxruntime can't be imported ({problem}); run: pip install onnxruntime") from problem
    return onnxruntime


def _openvino() -> Any:
    # At its import it would report to its makers that it was used. Without that package it reports nothing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as problem:
        raise ModelProblem(f"openvino can't be imported ({problem}); run: pip install openvino") from problem
    return openvino


@functools.lru_cache(maxsize=1)
def _core() -> Any:
    return _openvino().Core()


@functools.lru_cache(maxsize=1)
def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line.partition(":")[2].strip() for line in file if line.startswith(("model name", "stepping"))]
        return " ".join(lines[:2]) or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def _failures(runtime: Runtime) -> tuple[type[Exception], ...]:
    """What a library raises: onnxruntime its own classes, which share no base but Exception; both RuntimeError."""
    if runtime.library == "openvino":
        return RuntimeError, TypeError, ValueError
    _onnxruntime()
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)]
    return (*own, RuntimeError)
