"""Writing ONNX graphs by hand, from weights by their names in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[np.float32]]

OPSET = 20
SMALL = 4096  # elements; biases, norms and scales stay fp32: they cost nothing and rounding them would


@dataclass
class Graph:
    """Nodes and constants as they are added; every method returns the name of what it adds.

    Values are lists of rows, (rows, channels), where nothing else is said.
    """

    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __call__(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: npt.ArrayLike, kind: Any = np.float32) -> str:
        array = np.ascontiguousarray(value, dtype=kind)
        known = self.constants.setdefault(name, array)
        if known is not array and not np.array_equal(known, array):
            raise ValueError(f"two constants are called {name}")
        return name

    def shape(self, *extents: int) -> str:
        return self.constant("shape_" + "_".join(str(extent) for extent in extents), extents, np.int64)

    def reshape(self, value: str, *extents: int) -> str:
        return self("Reshape", value, self.shape(*extents))

    def linear(self, value: str, weights: Weights, name: str) -> str:
        """Rows times a `torch.nn.Linear` (its weight is out × in)."""
        weight = self.constant(f"{name}.weight", weights[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", weights[f"{name}.bias"])
        return self("Gemm", value, weight, bias, transB=1)

    def norm(self, value: str, weights: Weights, name: str, epsilon: float = 1e-5) -> str:
        scale = self.constant(f"{name}.weight", weights[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", weights[f"{name}.bias"])
        return self("LayerNormalization", value, scale, bias, axis=-1, epsilon=epsilon)

    def perceptron(self, value: str, weights: Weights, name: str, layers: Sequence[str]) -> str:
        for number, layer in enumerate(layers):
            value = self.linear(value, weights, f"{name}.{layer}")
            value = self("Relu", value) if number < len(layers) - 1 else value
        return value


def halved(model: Any) -> Any:
    """The model with its large float weights as fp16, each with a Cast to fp32 in front of its users.

    Half the size on disk; what computes gets fp32. A weight beyond the range of fp16 stays as it is.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < SMALL:
            continue
        name = tensor.name
        with np.errstate(over="ignore"):
            half = numpy_helper.to_array(tensor).astype(np.float16)
        if not np.isfinite(half).all():
            continue
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.fp16"))
        casts.append(helper.make_node("Cast", [f"{name}.fp16"], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    return model
