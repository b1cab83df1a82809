"""Which devices PyTorch can compute on here, and why not on the others.

PyTorch is imported only where the machine may have an accelerator: that takes seconds.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotator.errors import BadSetting, ModelProblem

INSTALL = "pip install 'annotator[sam2]'"
CHOOSE_BUILD = "install the build of PyTorch for it as pytorch.org/get-started says"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device that models can run on.

    Attributes:
        name: `cpu`, `cuda:0`, …, `mps`.
        title: what people call it.
        memory, free: bytes; None: unknown.
        bf16: whether it computes in bfloat16 itself.
        problem: a sentence if PyTorch can't use it although it is there.
    """

    name: str
    title: str
    memory: int | None = None
    free: int | None = None
    bf16: bool = False
    problem: str | None = None


def resolve(device: str = "auto") -> str:
    """The device to use: `auto` becomes `cuda`, `mps` or `cpu`, whichever is the fastest that works.

    Raises:
        BadSetting: `device` is not a device's name.
        ModelProblem: it can't be used here; the message says why and what to do.
    """
    if device == "cpu" or (device == "auto" and not accelerator_possible()):
        return "cpu"
    if device == "auto":
        return _fastest()
    if not re.fullmatch(r"cuda(:\d+)?|mps", device):
        raise BadSetting(f"“{device}” is not a device; use auto, cpu, cuda, cuda:1 or mps.", field="device")
    torch = import_torch()
    problem = _mps_problem(torch) if device == "mps" else _cuda_problem(torch, device)
    if problem is not None:
        raise ModelProblem(f"The device {device} can't be used: {problem}")
    return device


def precision(device: str, wanted: str = "auto") -> str:
    """How to compute on a device: `bf16`, `fp16` or `fp32`.

    Args:
        device: as `resolve` returns it.
        wanted: `auto`, `fp32`, `bf16` or `fp16`; `auto` is the quickest that SAM 2 was made for.

    Raises:
        ModelProblem: the device does not have the precision that was asked for.
    """
    if not device.startswith("cuda"):
        if wanted in ("auto", "fp32"):
            return "fp32"
        raise ModelProblem(f"{wanted} is for CUDA devices; on {device} set the precision to auto or fp32.")
    if wanted == "auto":
        return "bf16" if _has_bf16(import_torch(), device) else "fp16"
    if wanted == "bf16" and not _has_bf16(import_torch(), device):
        title = import_torch().cuda.get_device_name(device)
        raise ModelProblem(f"{title} does not have bfloat16; set the precision to auto, fp16 or fp32.")
    return wanted


def describe() -> list[DeviceInfo]:
    """All devices of this machine, those that PyTorch can't use too. The CPU comes last."""
    found: list[DeviceInfo] = []
    if accelerator_possible():
        try:
            found = _accelerators(import_torch())
        except ModelProblem as problem:
            driver = driver_cuda()
            if driver is not None:
                found = [DeviceInfo("cuda", _driver_title(driver), problem=problem.message)]
    return [*found, _cpu()]


def memory(device: str) -> int | None:
    """Bytes free on a device as `resolve` returns it; None: unknown."""
    if device == "cpu":
        return _cpu().free
    torch = import_torch()
    if device == "mps":
        return int(torch.mps.recommended_max_memory())
    return int(torch.cuda.mem_get_info(device)[0])


def import_torch() -> Any:
    """PyTorch.

    Raises:
        ModelProblem: it is missing or its libraries can't be loaded.
    """
    try:
        import torch
    except ModuleNotFoundError as problem:
        raise ModelProblem(f"PyTorch is not installed ({problem}); run: {INSTALL}") from problem
    except (ImportError, OSError, RuntimeError) as problem:  # a shared library of it is missing or of another version
        reason = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ModelProblem(
            f"PyTorch is installed but can't be imported ({reason});"
            " run: pip install --force-reinstall torch torchvision"
        ) from problem
    return torch


@functools.cache
def driver_cuda() -> tuple[int, int] | None:
    """Newest CUDA version that the NVIDIA driver here supports; None: there is no driver."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
    except OSError:
        return None
    version = ctypes.c_int(0)
    if driver.cuDriverGetVersion(ctypes.byref(version)) != 0 or version.value <= 0:
        return None
    return version.value // 1000, version.value % 1000 // 10


def accelerator_possible() -> bool:
    """Whether this machine has a driver of NVIDIA or AMD, or is a Mac; needs no PyTorch."""
    return sys.platform == "darwin" or driver_cuda() is not None or Path("/dev/kfd").exists()


def _fastest() -> str:
    try:
        torch = import_torch()
    except ModelProblem:
        return "cpu"
    if _cuda_problem(torch, "cuda") is None:
        return "cuda"
    return "cpu" if _mps_problem(torch) else "mps"


def _cuda_problem(torch: Any, device: str) -> str | None:
    """Why PyTorch can't use the device; a sentence with a remedy."""
    if not torch.cuda.is_available():
        return _no_cuda(torch)
    count, index = torch.cuda.device_count(), int(device.partition(":")[2] or 0)
    if index >= count:
        names = ", ".join(f"cuda:{number}" for number in range(count))
        return f"there is no such device; choose from {names}."
    return _no_kernels(torch, index)


def _no_cuda(torch: Any) -> str:
    driver = driver_cuda()
    if driver is None:
        return "there is no NVIDIA driver on this machine; install it, or use cpu."
    newest = f"CUDA {driver[0]}.{driver[1]}"
    if torch.version.cuda is None:
        return f"PyTorch {torch.__version__} was built without CUDA; {CHOOSE_BUILD} (the driver supports {newest})."
    if int(torch.version.cuda.split(".")[0]) > driver[0]:
        return (
            f"the NVIDIA driver is too old: it supports {newest}, PyTorch {torch.__version__} needs CUDA"
            f" {torch.version.cuda}; update the driver, or {CHOOSE_BUILD}."
        )
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and not re.match(r"\s*(\d|GPU-|MIG-)", hidden):
        return f"CUDA_VISIBLE_DEVICES is “{hidden}”, which hides all GPUs; unset it."
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as problem:
        reason = (str(problem).strip().splitlines() or ["no reason given"])[0]
        return f"CUDA does not start ({reason}); try nvidia-smi, restart the machine or update the driver."
    return "CUDA finds no GPU; try nvidia-smi."


def _no_kernels(torch: Any, index: int) -> str | None:
    """PyTorch drops old GPUs and learns new ones late; without this the first image would fail."""
    major, minor = torch.cuda.get_device_capability(index)
    if torch.version.hip is not None:
        return None
    targets = [re.match(r"(sm|compute)_(\d+?)(\d)[a-z]*$", target) for target in torch.cuda.get_arch_list()]
    built = [(match[1], int(match[2]), int(match[3])) for match in targets if match]
    fits = [
        (kind == "sm" and there == major and least <= minor) or (kind == "compute" and (there, least) <= (major, minor))
        for kind, there, least in built
    ]
    if not built or any(fits):
        return None
    title = torch.cuda.get_device_name(index)
    return f"PyTorch {torch.__version__} has no code for {title} (compute capability {major}.{minor}); {CHOOSE_BUILD}."


def _mps_problem(torch: Any) -> str | None:
    if torch.backends.mps.is_available():
        return None
    if sys.platform != "darwin":
        return "mps is for Apple computers; use auto or cpu."
    if not torch.backends.mps.is_built():
        return "PyTorch was built without it; use cpu, or install PyTorch for Apple silicon."
    return "it needs Apple silicon or an AMD GPU, and macOS 12.3 or newer; use cpu."


def _accelerators(torch: Any) -> list[DeviceInfo]:
    if torch.cuda.is_available():
        return [_cuda(torch, index) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        return [DeviceInfo("mps", "Apple GPU", memory=memory("mps"), free=memory("mps"))]
    driver = driver_cuda()
    return [] if driver is None else [DeviceInfo("cuda", _driver_title(driver), problem=_sentence(_no_cuda(torch)))]


def _cuda(torch: Any, index: int) -> DeviceInfo:
    name, title = f"cuda:{index}", torch.cuda.get_device_name(index)
    problem = _no_kernels(torch, index)
    if problem is not None:
        return DeviceInfo(name, title, problem=_sentence(problem))
    try:
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as failure:
        reason = (str(failure).splitlines() or ["no reason given"])[0]
        return DeviceInfo(name, title, problem=f"Its memory can't be asked for ({reason}); try nvidia-smi.")
    return DeviceInfo(name, title, memory=total, free=free, bf16=_has_bf16(torch, name))


def _has_bf16(torch: Any, device: str) -> bool:
    # From capability 8.0 on; PyTorch's own question also counts GPUs that merely emulate it, many times slower.
    return torch.version.hip is not None or torch.cuda.get_device_capability(device)[0] >= 8


def _driver_title(version: tuple[int, int]) -> str:
    return f"NVIDIA GPU (driver for CUDA {version[0]}.{version[1]})"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _cpu() -> DeviceInfo:
    title = _cpu_title()
    cores = os.cpu_count() or 1
    total: int | None = None
    free: int | None = None
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        free = _available() or page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows and some others do not say
        pass
    return DeviceInfo("cpu", f"{title}, {cores} cores", memory=total, free=free, bf16="avx512_bf16" in _cpu_flags())


def _cpu_title() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _cpu_facts(), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine() or "CPU"


def _cpu_flags() -> set[str]:
    found = re.search(r"^flags\s*:\s*(.+)$", _cpu_facts(), re.MULTILINE)
    return set(found[1].split()) if found else set()


def _cpu_facts() -> str:
    return _text(Path("/proc/cpuinfo"))


def _available() -> int | None:
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _text(Path("/proc/meminfo")), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
