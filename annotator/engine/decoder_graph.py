"""Segment Anything's mask decoder as an ONNX graph of our own, about twice as fast on a CPU as the exported one.

It computes what `MaskDecoder` and `PromptEncoder` of Segment Anything compute (Kirillov et al. 2023), in an order that
suits few prompt tokens (T of them) and an image of 4096 places:

* In the attention between tokens and image the products are taken the other way round. `Q (K W)ᵀ` becomes `(Q Wᵀ) Kᵀ`
  and `A (V W)` becomes `(A V) W`, head by head, so that the image is never projected: 8·T·256 products a place instead
  of 128·256, half as much for a click (T = 7) and as much only at T = 16. The bias of the keys falls away: it adds the
  same to all places, which the softmax doesn't see.
* The image stays a list of places with 256 channels. An up-convolution by 2 is then a matrix product that gives each
  place four children, a normalisation over channels is one over the last axis, and only the finished masks are put
  into rows and columns.
* The mask prompt is looked at only where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from annotator.engine.candidates import plain
from annotator.engine.graph import OPSET, Graph, Weights
from annotator.engine.onnx_session import Session
from annotator.engine.predictor import Candidate, LogitsArray

CHANNELS = 256
HEADS = 8
PLACES = 64  # a side of the embedding
OBJECT = "mask_decoder.obj_score_token.weight"
FINER = ("middle", "fine")


def build(weights: Weights) -> Any:
    """The decoder of Segment Anything (MobileSAM) or of SAM 2.1 as an `onnx.ModelProto`.

    Inputs: `image_tokens` (4096, 256) float16, the embedding as `places` puts it, and for SAM 2.1 the finer maps
    `middle` (16384, 64) and `fine` (65536, 32) likewise; `point_coords` (1, N, 2) in pixels of the 1024 frame, counted
    from the centre of the first; `point_labels` (1, N), −1 padding, 0 background, 1 foreground, 2 and 3 corners of the
    box; `mask_input` (1, 1, 256, 256) logits; `has_mask_input` (1,).
    Outputs: `logits` (1, 4, 256, 256), `scores` (1, 4).

    Args:
        weights: by their names in the checkpoints of Segment Anything (`prompt_encoder.…`, `mask_decoder.…`; those of
            SAM 2.1 without `sam_` in front), and `image_pe` (4096, 256), the encoding of the places. It is SAM 2.1
            where there is a token for the object's score.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = Graph()
    tokens = _tokens(graph, weights)
    keys = _image(graph, weights)
    tokens, keys = _transformer(graph, weights, tokens, keys)
    scores, hyper = _heads(graph, weights, tokens)
    finer = FINER if OBJECT in weights else ()
    logits = _masks(graph, weights, keys, hyper, *finer)
    graph.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    graph.nodes.append(helper.make_node("Identity", [scores], ["scores"]))

    def value(name: str, kind: int, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    made = helper.make_graph(
        graph.nodes,
        "decoder",
        [
            value("image_tokens", TensorProto.FLOAT16, PLACES * PLACES, CHANNELS),
            *(
                value(name, TensorProto.FLOAT16, PLACES * PLACES * 4 ** (n + 1), 64 >> n)
                for n, name in enumerate(finer)
            ),
            value("point_coords", TensorProto.FLOAT, 1, "points", 2),
            value("point_labels", TensorProto.FLOAT, 1, "points"),
            value("mask_input", TensorProto.FLOAT, 1, 1, 4 * PLACES, 4 * PLACES),
            value("has_mask_input", TensorProto.FLOAT, 1),
        ],
        [value("logits", TensorProto.FLOAT, 1, 4, 4 * PLACES, 4 * PLACES), value("scores", TensorProto.FLOAT, 1, 4)],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def places(features: npt.NDArray[np.float16]) -> npt.NDArray[np.float16]:
    """A feature map (C, S, S) as the decoder reads it: rows of S·S places, (S·S, C).

    Of a map finer than 64 × 64 the children of a place stand together, as up-sampling makes them.
    """
    channels, side = features.shape[:2]
    if side == PLACES:
        return np.ascontiguousarray(features.reshape(channels, -1).T)
    splits = (2,) * ((side // PLACES).bit_length() - 1)
    blocks = features.reshape(channels, PLACES, *splits, PLACES, *splits)
    levels = len(splits)
    order = [1, levels + 2]
    for level in range(levels):
        order += [2 + level, levels + 3 + level]
    return np.ascontiguousarray(blocks.transpose(*order, 0).reshape(-1, channels))


def four(
    session: Session,
    maps: Mapping[str, npt.NDArray[np.float16]],
    coordinates: npt.NDArray[np.float32],
    labels: npt.NDArray[np.float32],
    logits: LogitsArray | None,
) -> list[Candidate]:
    """The graph's four answers, the one for clear prompts first, then three for ambiguous ones; inputs as in `build`.

    Args:
        logits: (256, 256) of the mask to refine; None: there is none.
    """
    side = 4 * PLACES
    outputs = session.run(
        {
            **maps,
            "point_coords": coordinates,
            "point_labels": labels,
            "mask_input": np.zeros((1, 1, side, side), np.float32) if logits is None else logits[None, None],
            "has_mask_input": np.array([logits is not None], np.float32),
        }
    )
    return [plain(mask, score) for mask, score in zip(outputs["logits"][0], outputs["scores"][0], strict=True)]


def _tokens(graph: Graph, weights: Weights) -> str:
    """(T, 256): the object's token (SAM 2.1), the score's, the masks' four, then one for each point."""
    side = graph.constant("side", 16.0 * PLACES)
    centred = graph("Div", graph("Add", "point_coords", graph.constant("half", 0.5)), side)
    spread = graph("Sub", graph("Mul", centred, graph.constant("two", 2.0)), graph.constant("one", 1.0))
    matrix = weights["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"]
    angle = graph("MatMul", graph.reshape(spread, -1, 2), graph.constant("places", 2 * np.pi * matrix))
    place = graph("Concat", graph("Sin", angle), graph("Cos", angle), axis=1)
    label = graph("Cast", graph.reshape("point_labels", -1), to=7)  # int64
    names = [f"prompt_encoder.point_embeddings.{number}.weight" for number in range(4)]
    table = [weights["prompt_encoder.not_a_point_embed.weight"], *(weights[name] for name in names)]
    row = graph("Add", label, graph.constant("first", 1, np.int64))
    meaning = graph("Gather", graph.constant("labels", np.concatenate(table)), row, axis=0)
    # A padding point is nowhere: its place counts nothing.
    there = graph.constant("there", [[0.0], [1.0], [1.0], [1.0], [1.0]])
    points = graph("Add", graph("Mul", place, graph("Gather", there, row, axis=0)), meaning)
    names = [OBJECT, "mask_decoder.iou_token.weight", "mask_decoder.mask_tokens.weight"]
    own = [weights[name] for name in names if name in weights]
    return graph("Concat", graph.constant("own", np.concatenate(own)), points, axis=0)


def _image(graph: Graph, weights: Weights) -> str:
    """(4096, 256): the embedding with the mask prompt, or with what stands for none."""
    from onnx import TensorProto, helper

    inner = Graph()
    mask = _down(inner, weights, _down(inner, weights, "mask_input", 0, 4 * PLACES, 1), 3, 2 * PLACES, 4)
    name = "prompt_encoder.mask_downscaling.6"
    last = inner.constant(f"{name}.weight", weights[f"{name}.weight"].reshape(CHANNELS, -1))
    dense = inner("Gemm", mask, last, inner.constant(f"{name}.bias", weights[f"{name}.bias"]), transB=1)
    graph.constants.update(inner.constants)
    nothing = graph.constant("no_mask", weights["prompt_encoder.no_mask_embed.weight"].reshape(1, CHANNELS))

    def branch(title: str, nodes: list[Any], output: str, *shape: int) -> Any:
        nodes = [*nodes, helper.make_node("Identity", [output], [f"{title}_dense"])]
        info = helper.make_tensor_value_info(f"{title}_dense", TensorProto.FLOAT, shape)
        return helper.make_graph(nodes, title, [], [info])

    asked = graph.reshape(graph("Cast", "has_mask_input", to=9), 1)  # bool
    chosen = graph(
        "If",
        asked,
        then_branch=branch("mask", inner.nodes, dense, PLACES * PLACES, CHANNELS),
        else_branch=branch("none", [], nothing, 1, CHANNELS),
    )
    return graph("Add", graph("Cast", "image_tokens", to=1), chosen)


def _down(graph: Graph, weights: Weights, value: str, number: int, side: int, channels: int) -> str:
    """A convolution of blocks of 2 × 2 with stride 2, its normalisation and GELU: (side, side, c) to rows of places."""
    name = f"prompt_encoder.mask_downscaling.{number}"
    weight = weights[f"{name}.weight"]  # out, in, 2, 2
    half = side // 2
    blocks = graph("Transpose", graph.reshape(value, half, 2, half, 2, channels), perm=[0, 2, 4, 1, 3])
    rows = graph.reshape(blocks, half * half, channels * 4)
    matrix = graph.constant(f"{name}.weight", weight.reshape(len(weight), -1))
    made = graph("Gemm", rows, matrix, graph.constant(f"{name}.bias", weights[f"{name}.bias"]), transB=1)
    return graph("Gelu", graph.norm(made, weights, f"prompt_encoder.mask_downscaling.{number + 1}", 1e-6))


def _transformer(graph: Graph, weights: Weights, tokens: str, keys: str) -> tuple[str, str]:
    """`TwoWayTransformer` of depth 2: tokens and image look at each other."""
    prefix = "mask_decoder.transformer"
    place = graph.constant("image_pe", weights["image_pe"])
    queries = tokens
    for number in range(2):
        layer = f"{prefix}.layers.{number}"
        asked = queries if number == 0 else graph("Add", queries, tokens)
        seen = _self_attention(graph, weights, f"{layer}.self_attn", asked, queries)
        queries = graph.norm(seen if number == 0 else graph("Add", queries, seen), weights, f"{layer}.norm1")
        placed = graph("Add", keys, place)
        queries = _look(graph, weights, layer + ".cross_attn_token_to_image", queries, tokens, keys, placed)
        queries = graph.norm(queries, weights, f"{layer}.norm2")
        inner = ("lin1", "lin2") if f"{layer}.mlp.lin1.weight" in weights else ("layers.0", "layers.1")
        thought = graph.perceptron(queries, weights, f"{layer}.mlp", inner)
        queries = graph.norm(graph("Add", queries, thought), weights, f"{layer}.norm3")
        keys = _be_told(graph, weights, layer + ".cross_attn_image_to_token", queries, tokens, keys, placed)
        keys = graph.norm(keys, weights, f"{layer}.norm4")
    placed = graph("Add", keys, place)
    queries = _look(graph, weights, prefix + ".final_attn_token_to_image", queries, tokens, keys, placed)
    return graph.norm(queries, weights, prefix + ".norm_final_attn"), keys


def _self_attention(graph: Graph, weights: Weights, name: str, asked: str, told: str) -> str:
    width = CHANNELS // HEADS
    query = _split(graph, graph.linear(asked, weights, f"{name}.q_proj"), width)
    key = _split(graph, graph.linear(asked, weights, f"{name}.k_proj"), width)
    value = _split(graph, graph.linear(told, weights, f"{name}.v_proj"), width)
    alike = graph("MatMul", query, graph("Transpose", key, perm=[0, 2, 1]))
    share = graph("Softmax", graph("Mul", alike, graph.constant("scale_self", width**-0.5)), axis=-1)
    return graph.linear(_join(graph, graph("MatMul", share, value), CHANNELS), weights, f"{name}.out_proj")


def _look(graph: Graph, weights: Weights, name: str, queries: str, tokens: str, keys: str, placed: str) -> str:
    """Tokens look at the image."""
    inside = len(weights[f"{name}.q_proj.bias"])
    width = inside // HEADS
    query = _split(graph, graph.linear(graph("Add", queries, tokens), weights, f"{name}.q_proj"), width)
    key = weights[f"{name}.k_proj.weight"].reshape(HEADS, width, CHANNELS) * width**-0.5
    asked = graph.reshape(graph("MatMul", query, graph.constant(f"{name}.key", key)), -1, CHANNELS)  # 8T, 256
    share = graph("Softmax", graph("Gemm", asked, placed, transB=1), axis=-1)  # 8T, 4096
    seen = graph("Reshape", graph("MatMul", share, keys), graph.shape(HEADS, -1, CHANNELS))
    value = weights[f"{name}.v_proj.weight"].reshape(HEADS, width, CHANNELS).transpose(0, 2, 1)
    bias = weights[f"{name}.v_proj.bias"].reshape(HEADS, 1, width)
    seen = graph("MatMul", seen, graph.constant(f"{name}.value", value))
    seen = _join(graph, graph("Add", seen, graph.constant(f"{name}.value_bias", bias)), inside)
    return graph("Add", queries, graph.linear(seen, weights, f"{name}.out_proj"))


def _be_told(graph: Graph, weights: Weights, name: str, queries: str, tokens: str, keys: str, placed: str) -> str:
    """The image looks at the tokens."""
    inside = len(weights[f"{name}.q_proj.bias"])
    width = inside // HEADS
    key = _split(graph, graph.linear(graph("Add", queries, tokens), weights, f"{name}.k_proj"), width)
    value = _split(graph, graph.linear(queries, weights, f"{name}.v_proj"), width)
    query = weights[f"{name}.q_proj.weight"].reshape(HEADS, width, CHANNELS) * width**-0.5
    bias = weights[f"{name}.q_proj.bias"].reshape(HEADS, width, 1) * width**-0.5
    asked = graph.reshape(graph("MatMul", key, graph.constant(f"{name}.query", query)), -1, CHANNELS)  # 8T, 256
    level = graph.reshape(graph("MatMul", key, graph.constant(f"{name}.query_bias", bias)), -1)  # 8T
    alike = graph.reshape(graph("Gemm", placed, asked, level, transB=1), PLACES * PLACES, HEADS, -1)
    share = graph("Reshape", graph("Softmax", alike, axis=-1), graph.shape(PLACES * PLACES, -1))  # 4096, 8T
    out = weights[f"{name}.out_proj.weight"].T.reshape(HEADS, width, CHANNELS)
    told = graph.reshape(graph("MatMul", value, graph.constant(f"{name}.out", out)), -1, CHANNELS)  # 8T, 256
    bias = graph.constant(f"{name}.out_bias", weights[f"{name}.out_proj.bias"])
    return graph("Add", keys, graph("Gemm", share, told, bias))


def _split(graph: Graph, value: str, width: int) -> str:
    """(T, 8·width) to (8, T, width)."""
    return graph("Transpose", graph.reshape(value, -1, HEADS, width), perm=[1, 0, 2])


def _join(graph: Graph, value: str, inside: int) -> str:
    """(8, T, width) to (T, 8·width)."""
    return graph.reshape(graph("Transpose", value, perm=[1, 0, 2]), -1, inside)


def _heads(graph: Graph, weights: Weights, tokens: str) -> tuple[str, str]:
    """(1, 4) scores, and (4, 32): each mask as a mixture of the up-sampled channels."""
    layers = ("layers.0", "layers.1", "layers.2")

    first = 1 if OBJECT in weights else 0

    def row(number: int) -> str:
        index = graph.constant(f"row_{number}", [first + number], np.int64)
        return graph("Gather", tokens, index, axis=0)

    scores = graph.perceptron(row(0), weights, "mask_decoder.iou_prediction_head", layers)
    scores = graph("Sigmoid", scores) if OBJECT in weights else scores
    names = [f"mask_decoder.output_hypernetworks_mlps.{number}" for number in range(4)]
    hyper = [graph.perceptron(row(1 + number), weights, name, layers) for number, name in enumerate(names)]
    return scores, graph("Concat", *hyper, axis=0)


def _masks(graph: Graph, weights: Weights, keys: str, hyper: str, middle: str = "", fine: str = "") -> str:
    """(1, 4, 256, 256) logits from the (4096, 256) image and, for SAM 2.1, the finer maps."""

    def with_map(value: str, finer: str) -> str:
        return graph("Add", value, graph("Cast", finer, to=1)) if finer else value

    name = "mask_decoder.output_upscaling"
    once = graph.norm(with_map(_up(graph, weights, f"{name}.0", keys), middle), weights, f"{name}.1", 1e-6)
    twice = graph("Gelu", with_map(_up(graph, weights, f"{name}.3", graph("Gelu", once)), fine))
    mixed = graph.reshape(graph("Gemm", hyper, twice, transB=1), 4, PLACES, PLACES, 2, 2, 2, 2)
    return graph.reshape(graph("Transpose", mixed, perm=[0, 1, 3, 5, 2, 4, 6]), 1, 4, 4 * PLACES, 4 * PLACES)


def _up(graph: Graph, weights: Weights, name: str, value: str) -> str:
    """`ConvTranspose2d` of 2 × 2 with stride 2 on rows of places: each gets four children, row by row."""
    weight = weights[f"{name}.weight"]  # in, out, 2, 2
    inside, outside = weight.shape[:2]
    matrix = weight.transpose(0, 2, 3, 1).reshape(inside, 4 * outside)
    bias = np.tile(weights[f"{name}.bias"], 4)
    made = graph("Gemm", value, graph.constant(f"{name}.matrix", matrix), graph.constant(f"{name}.biases", bias))
    return graph.reshape(made, -1, outside)
