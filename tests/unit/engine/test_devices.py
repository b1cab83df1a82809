"""Which device is taken, and what is said where it can't be: on machines made up of a driver and a PyTorch."""

from __future__ import annotations

import builtins
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from annotator.engine import devices
from annotator.errors import BadSetting, ModelProblem

ARCHES = ["sm_75", "sm_80", "sm_86", "sm_90", "compute_120"]


def torch(
    *,
    cuda: str | None = "12.8",
    gpus: tuple[tuple[int, int], ...] = (),
    mps: bool = False,
    starts: str | None = None,
    memory: tuple[int, int] | str = (60 << 30, 80 << 30),
) -> Any:
    """A PyTorch built for `cuda` that sees GPUs of these compute capabilities."""

    def init() -> None:
        if starts is not None:
            raise RuntimeError(starts)

    def mem_get_info(_: object) -> tuple[int, int]:
        if isinstance(memory, str):
            raise RuntimeError(memory)
        return memory

    def number(device: object) -> int:
        return device if isinstance(device, int) else int(str(device).partition(":")[2] or 0)

    return SimpleNamespace(
        __version__="2.9.0",
        version=SimpleNamespace(cuda=cuda, hip=None),
        cuda=SimpleNamespace(
            is_available=lambda: bool(gpus),
            device_count=lambda: len(gpus),
            get_device_capability=lambda device: gpus[number(device)],
            get_device_name=lambda device: f"GPU {number(device)}",
            get_arch_list=lambda: ARCHES,
            mem_get_info=mem_get_info,
            init=init,
        ),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps, is_built=lambda: mps)),
        mps=SimpleNamespace(recommended_max_memory=lambda: 20 << 30),
    )


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a machine: a driver's CUDA version or None, and a PyTorch."""

    def make(*, driver: tuple[int, int] | None, has: Any) -> None:
        monkeypatch.setattr(devices, "driver_cuda", lambda: driver)
        monkeypatch.setattr(devices, "accelerator_possible", lambda: driver is not None or has.mps_machine)
        has.mps_machine = has.backends.mps.is_available()
        monkeypatch.setattr(devices, "import_torch", lambda: has)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return make


def test_the_cpu_needs_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "import_torch", lambda: pytest.fail("imported"))
    assert devices.resolve("cpu") == "cpu"
    monkeypatch.setattr(devices, "accelerator_possible", lambda: False)
    assert devices.resolve("auto") == "cpu"
    assert [info.name for info in devices.describe()] == ["cpu"]
    assert devices.precision("cpu") == "fp32"


@pytest.mark.parametrize(
    ("driver", "has", "expected"),
    [
        ((12, 8), torch(gpus=((9, 0),)), "cuda"),
        ((12, 4), torch(cuda=None), "cpu"),
        ((11, 8), torch(), "cpu"),
        ((12, 8), torch(gpus=((5, 2),)), "cpu"),
        (None, torch(mps=True), "mps"),
    ],
)
def test_auto_takes_what_works(machine: Any, driver: tuple[int, int] | None, has: Any, expected: str) -> None:
    machine(driver=driver, has=has)
    assert devices.resolve("auto") == expected


@pytest.mark.parametrize(
    ("driver", "has", "device", "sentence"),
    [
        (None, torch(), "cuda", r"no NVIDIA driver on this machine"),
        ((12, 4), torch(cuda=None), "cuda", r"built without CUDA; install the build.*supports CUDA 12\.4"),
        ((11, 8), torch(), "cuda", r"driver is too old: it supports CUDA 11\.8, PyTorch 2\.9\.0 needs CUDA 12\.8"),
        ((12, 8), torch(starts="CUDA unknown error\nmore"), "cuda", r"does not start \(CUDA unknown error\)"),
        ((12, 8), torch(), "cuda", r"finds no GPU"),
        ((12, 8), torch(gpus=((9, 0), (9, 0))), "cuda:2", r"no such device; choose from cuda:0, cuda:1"),
        ((12, 8), torch(gpus=((5, 2),)), "cuda", r"no code for GPU 0 \(compute capability 5\.2\)"),
        ((12, 8), torch(), "mps", r"mps is for Apple computers"),
    ],
)
def test_a_device_that_can_not_be_used_says_why(
    machine: Any, driver: tuple[int, int] | None, has: Any, device: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(driver=driver, has=has)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ModelProblem, match=sentence) as caught:
        devices.resolve(device)
    assert caught.value.message.startswith(f"The device {device} can't be used: ")


def test_gpus_that_are_hidden_say_by_what(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(driver=(12, 8), has=torch())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with pytest.raises(ModelProblem, match=r"CUDA_VISIBLE_DEVICES is “-1”, which hides all GPUs"):
        devices.resolve("cuda")


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (8, 9), (9, 0), (12, 0), (13, 0)])
def test_a_gpu_that_is_newer_than_its_code_but_of_its_kind_is_used(machine: Any, capability: tuple[int, int]) -> None:
    machine(driver=(12, 8), has=torch(gpus=(capability,)))
    assert devices.resolve("cuda:0") == "cuda:0"


def test_a_name_that_is_no_device_is_refused() -> None:
    with pytest.raises(BadSetting, match="“gpu” is not a device"):
        devices.resolve("gpu")


@pytest.mark.parametrize(
    ("capability", "wanted", "used"),
    [((9, 0), "auto", "bf16"), ((7, 5), "auto", "fp16"), ((7, 5), "fp32", "fp32"), ((8, 0), "bf16", "bf16")],
)
def test_the_precision_is_what_the_gpu_has(machine: Any, capability: tuple[int, int], wanted: str, used: str) -> None:
    machine(driver=(12, 8), has=torch(gpus=(capability,)))
    assert devices.precision("cuda", wanted) == used


def test_a_precision_that_is_not_there_is_refused(machine: Any) -> None:
    machine(driver=(12, 8), has=torch(gpus=((7, 5),)))
    with pytest.raises(ModelProblem, match=r"GPU 0 does not have bfloat16; set the precision to auto, fp16 or fp32"):
        devices.precision("cuda", "bf16")
    with pytest.raises(ModelProblem, match="set the precision to auto or fp32"):
        devices.precision("cpu", "fp16")


def test_all_devices_are_described(machine: Any) -> None:
    machine(driver=(12, 8), has=torch(gpus=((9, 0), (7, 5), (5, 2))))
    new, old, ancient, cpu = devices.describe()
    assert (new.name, new.title, new.memory, new.free, new.bf16) == ("cuda:0", "GPU 0", 80 << 30, 60 << 30, True)
    assert (old.name, old.bf16, old.problem) == ("cuda:1", False, None)
    assert "no code for GPU 2" in str(ancient.problem)
    assert cpu.name == "cpu"
    assert "cores" in cpu.title


def test_a_gpu_that_pytorch_can_not_use_is_described_too(machine: Any) -> None:
    machine(driver=(12, 4), has=torch(cuda=None))
    gpu, _ = devices.describe()
    assert gpu.title == "NVIDIA GPU (driver for CUDA 12.4)"
    assert str(gpu.problem).startswith("PyTorch 2.9.0 was built without CUDA")


def test_a_gpu_whose_memory_is_silent_is_described_too(machine: Any) -> None:
    machine(driver=(12, 8), has=torch(gpus=((9, 0),), memory="CUDA error: out of memory\nmore"))
    assert "CUDA error: out of memory)" in str(devices.describe()[0].problem)


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (ModuleNotFoundError("No module named 'torch'"), r"not installed.*pip install 'annotator\[sam2\]'"),
        (OSError("libcublas.so.13: cannot open shared object file\nmore"), r"\(libcublas.*file\); run: pip install"),
    ],
)
def test_a_torch_that_can_not_be_imported_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, sentence: str
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch":
            raise failure
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModelProblem, match=sentence):
        devices.import_torch()
    monkeypatch.setattr(devices, "accelerator_possible", lambda: True)
    monkeypatch.setattr(devices, "driver_cuda", lambda: (12, 8))
    assert devices.resolve("auto") == "cpu"
    gpu, _ = devices.describe()
    assert "PyTorch" in str(gpu.problem)


def test_this_machine_can_be_described() -> None:
    found = devices.describe()
    assert found[-1].name == "cpu"
    assert devices.resolve("auto") in {"cpu", "cuda", "mps"}
    free = devices.memory("cpu")
    assert free is None or free > 1 << 20
