"""SAM 2.1's image encoder as an ONNX graph of our own.

It computes what `ImageEncoder` (Hiera and its neck, Ryali et al. 2023, Ravi et al. 2024) computes for one image, in an
order that suits a CPU:

* The image is a list of tokens from the first layer to the last, never a map: linear layers are matrix products, and
  as attention does not care for the order of tokens, they stand in an order in which every window is one piece and the
  four tokens that are pooled to one stand together. Only windows that do not divide the image (14 in 64) are gathered.
* What such a window takes from beyond the image is the bias of the projection: it is put there, not computed.
* The two finer maps are projected once: the neck's and the decoder's matrices are multiplied beforehand.
* The scale of the attention, the encoding of places and the embedding of "no memory" are part of the constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.engine.graph import OPSET, Graph, Weights

SIDE = 1024  # pixels of the square input
STEP = 4  # pixels of the side of a token at first
EPSILON = 1e-6
NECK = "image_encoder.neck.convs"
TRUNK = "image_encoder.trunk"
# Tokens that ask, below which a softmax is written in parts: what OpenVINO 2026.4 makes of the attention of a window of
# 16 by its pooled 4 is off by 8 %.
FEW = 16

Order = npt.NDArray[np.int64]  # (tokens, 2): row and column of each token


@dataclass(frozen=True, slots=True)
class Block:
    """What is not in the weights of a block of Hiera.

    Attributes:
        heads: of its attention.
        window: side of its windows in tokens of its input; 0: the whole image.
        pools: whether four tokens become one.
    """

    heads: int
    window: int
    pools: bool


def build(weights: Weights, blocks: Sequence[Block]) -> Any:
    """The encoder as an `onnx.ModelProto`.

    Input: `pixels` (1024, 1024, 3) uint8, RGB.
    Outputs: `image` (1, 256, 64, 64), `high_1` (1, 64, 128, 128), `high_0` (1, 32, 256, 256) float32: the features as
    `SAM2ImagePredictor` keeps them.

    Args:
        weights: by their names in a checkpoint of SAM 2.1, and `places` (256·256, C), the encoding of the places.
        blocks: of the trunk, from the first to the last.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = Graph()
    order = _first_order(SIDE // STEP)
    tokens = _patches(graph, weights, order)
    ends: list[tuple[str, Order]] = []
    for number, block in enumerate(blocks):
        if block.pools:
            ends.append((tokens, order))
        tokens, order = _block(graph, weights, f"{TRUNK}.blocks.{number}", block, tokens, order)
    ends.append((tokens, order))
    _neck(graph, weights, ends)
    shapes = {"image": (1, 256, 64, 64), "high_1": (1, 64, 128, 128), "high_0": (1, 32, 256, 256)}
    made = helper.make_graph(
        graph.nodes,
        "encoder",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, (SIDE, SIDE, 3))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def _first_order(side: int) -> Order:
    """Raster order of squares of 64 tokens, in each of squares of 8, of 4, of 2, and of tokens."""
    y, x = (axis.ravel() for axis in np.indices((side, side)))
    keys = [axis // size for size in (64, 8, 4, 2, 1) for axis in (y, x)]
    found = np.lexsort(keys[::-1])
    return np.stack([y[found], x[found]], axis=1)


def _patches(graph: Graph, weights: Weights, order: Order) -> str:
    name = f"{TRUNK}.patch_embed.proj"
    mean = graph.constant("mean", np.array([123.675, 116.28, 103.53]).reshape(1, 3, 1, 1))
    scale = graph.constant("scale", 1 / np.array([58.395, 57.12, 57.375]).reshape(1, 3, 1, 1))
    planes = graph("Transpose", graph("Cast", graph.reshape("pixels", 1, SIDE, SIDE, 3), to=1), perm=[0, 3, 1, 2])
    normal = graph("Mul", graph("Sub", planes, mean), scale)
    kernel = graph.constant(f"{name}.weight", weights[f"{name}.weight"])
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    made = graph("Conv", normal, kernel, bias, kernel_shape=[7, 7], strides=[STEP, STEP], pads=[3, 3, 3, 3])
    channels, side = len(weights[f"{name}.bias"]), SIDE // STEP
    rows = graph("Transpose", graph.reshape(made, channels, side * side), perm=[1, 0])
    there = order[:, 0] * side + order[:, 1]
    rows = graph("Gather", rows, graph.constant("first_order", there, np.int64), axis=0)
    return graph("Add", rows, graph.constant("places", weights["places"][there]))


def _block(graph: Graph, weights: Weights, name: str, block: Block, tokens: str, order: Order) -> tuple[str, Order]:
    """`MultiScaleBlock`: attention in windows, then a perceptron for each token."""
    normal = graph.norm(tokens, weights, f"{name}.norm1", EPSILON)
    if f"{name}.proj.weight" in weights:
        tokens = graph.linear(normal, weights, f"{name}.proj")
    if block.pools:
        tokens = _pool(graph, tokens, weights[f"{name}.norm2.bias"].size)
    seen = _attention(graph, weights, name + ".attn", block, normal, order)
    tokens = graph("Add", tokens, seen)
    inner = graph.linear(graph.norm(tokens, weights, f"{name}.norm2", EPSILON), weights, f"{name}.mlp.layers.0")
    tokens = graph("Add", tokens, graph.linear(graph("Gelu", inner), weights, f"{name}.mlp.layers.1"))
    return tokens, order[::4] // 2 if block.pools else order


def _pool(graph: Graph, tokens: str, channels: int) -> str:
    """The largest of the four tokens that stand together."""
    return graph("ReduceMax", graph.reshape(tokens, -1, 4, channels), graph.constant("one", [1], np.int64), keepdims=0)


def _attention(graph: Graph, weights: Weights, name: str, block: Block, normal: str, order: Order) -> str:
    """(tokens, C): every token looks at its window; pooled tokens ask where four become one."""
    channels = weights[f"{name}.proj.bias"].size
    width = channels // block.heads
    gathered, back, size = _windows(order, block)
    parts = []
    for number, scale in enumerate((width**-0.5, 1.0, 1.0)):
        rows = slice(number * channels, (number + 1) * channels)
        weight = graph.constant(f"{name}.{number}.weight", weights[f"{name}.qkv.weight"][rows].T * scale)
        bias = graph.constant(f"{name}.{number}.bias", weights[f"{name}.qkv.bias"][rows] * scale)
        part = graph("Gemm", normal, weight, bias)
        if gathered is not None:
            edge = graph.constant(f"{name}.{number}.edge", weights[f"{name}.qkv.bias"][rows][None] * scale)
            key = f"windows_{len(order)}_{block.window}"
            part = graph("Gather", graph("Concat", part, edge, axis=0), graph.constant(key, gathered, np.int64), axis=0)
        parts.append(part)
    seen = _look(graph, parts, block, width, size)
    if back is not None:
        key = f"back_{len(order)}_{block.window}_{int(block.pools)}"
        seen = graph("Gather", seen, graph.constant(key, back, np.int64), axis=0)
    return graph.linear(seen, weights, f"{name}.proj")


def _look(graph: Graph, parts: Sequence[str], block: Block, width: int, size: int) -> str:
    """Queries, keys and values, (tokens, C) each, to what every query sees in its window of `size` tokens."""

    def by_head(part: str, count: int, perm: list[int]) -> str:
        return graph("Transpose", graph.reshape(part, -1, count, block.heads, width), perm=perm)

    query, asked = parts[0], size
    if block.pools:
        query, asked = _pool(graph, query, block.heads * width), size // 4
    query, value = by_head(query, asked, [0, 2, 1, 3]), by_head(parts[2], size, [0, 2, 1, 3])
    # In two steps: the second becomes part of the product, where one would be a pass over memory of its own.
    key = graph("Transpose", by_head(parts[1], size, [0, 2, 1, 3]), perm=[0, 1, 3, 2])
    alike = graph("MatMul", query, key)
    if asked < FEW:
        last = graph.constant("last", [-1], np.int64)
        raised = graph("Exp", graph("Sub", alike, graph("ReduceMax", alike, last)))
        seen = graph("Div", graph("MatMul", raised, value), graph("ReduceSum", raised, last))
    else:
        seen = graph("MatMul", graph("Softmax", alike, axis=-1), value)
    seen = graph("Transpose", seen, perm=[0, 2, 1, 3])
    return graph.reshape(seen, -1, block.heads * width)


def _windows(order: Order, block: Block) -> tuple[Order | None, Order | None, int]:
    """How to put the tokens into windows and their answers back, None where they stand well; tokens of a window.

    An index equal to the number of tokens means one beyond the image.
    """
    count = len(order)
    side = int(order.max()) + 1
    if block.window == 0:
        return None, None, count
    across = -(-side // block.window)
    size = block.window**2
    y, x = (axis.ravel() for axis in np.indices((across * block.window,) * 2))
    inside_y, inside_x = y % block.window, x % block.window
    keys = [y // block.window, x // block.window, inside_y // 2, inside_x // 2, inside_y % 2, inside_x % 2]
    found = np.lexsort(keys[::-1])
    y, x = y[found], x[found]
    number = np.full((across * block.window,) * 2, count)
    number[order[:, 0], order[:, 1]] = np.arange(count)
    gathered = number[y, x]
    if across * block.window == side and _in_pieces(gathered, size):
        return None, None, size
    step = 4 if block.pools else 1
    answers = gathered[::step] // step
    back = np.zeros(count // step, np.int64)
    real = gathered[::step] < count
    back[answers[real]] = np.flatnonzero(real)
    return gathered, back, size


def _in_pieces(gathered: Order, size: int) -> bool:
    """Whether each window is one piece of the tokens as they stand."""
    pieces = np.sort(gathered.reshape(-1, size), axis=1)
    return bool((pieces[:, 0] % size == 0).all() and (pieces == pieces[:, :1] + np.arange(size)).all())


def _neck(graph: Graph, weights: Weights, ends: Sequence[tuple[str, Order]]) -> None:
    """The three feature maps from the tokens at the ends of the four stages."""

    def matrix(name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        weight = weights[f"{name}.weight"]
        return weight.reshape(len(weight), -1).T, weights[f"{name}.bias"]

    def linear(tokens: str, name: str, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> str:
        return graph("Gemm", tokens, graph.constant(f"{name}.matrix", weight), graph.constant(f"{name}.shift", bias))

    for level in (0, 1):
        tokens, order = ends[level]
        neck, bias = matrix(f"{NECK}.{3 - level}.conv")
        small, shift = matrix(f"sam_mask_decoder.conv_s{level}")
        made = linear(tokens, f"neck_{level}", neck @ small, bias @ small + shift)
        _as_map(graph, made, order, f"high_{level}")
    coarse, coarse_order = ends[3]
    weight, bias = matrix(f"{NECK}.0.conv")
    above = linear(coarse, "neck_3", weight, bias)
    tokens, order = ends[2]
    weight, bias = matrix(f"{NECK}.1.conv")
    bias = bias + weights["no_mem_embed"].reshape(-1)
    side = int(coarse_order.max()) + 1
    number = np.zeros((side, side), np.int64)
    number[coarse_order[:, 0], coarse_order[:, 1]] = np.arange(len(coarse_order))
    parent = graph.constant("parent", number[order[:, 0] // 2, order[:, 1] // 2], np.int64)
    made = graph("Add", linear(tokens, "neck_2", weight, bias), graph("Gather", above, parent, axis=0))
    _as_map(graph, made, order, "image")


def _as_map(graph: Graph, tokens: str, order: Order, name: str) -> None:
    """Tokens as the output `name`, (1, C, side, side)."""
    side = int(order.max()) + 1
    place = np.empty(len(order), np.int64)
    place[order[:, 0] * side + order[:, 1]] = np.arange(len(order))
    raster = graph("Gather", tokens, graph.constant(f"raster_{name}", place, np.int64), axis=0)
    shape = graph.shape(1, -1, side, side)
    graph.nodes.append(_named_reshape(graph("Transpose", raster, perm=[1, 0]), shape, name))


def _named_reshape(value: str, shape: str, name: str) -> Any:
    from onnx import helper

    return helper.make_node("Reshape", [value, shape], [name], name=name)
