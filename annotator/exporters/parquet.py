"""Hugging Face `datasets`: Parquet files with pictures, objects and RLE masks, which `load_dataset(folder)` reads.

Layout: https://huggingface.co/docs/hub/datasets-file-names-and-splits; the types travel in the files' metadata.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from annotator.domain.mask import Mask
from annotator.errors import BadSetting, ExportFailed
from annotator.exporters.common import FolderExporter, Item, Work
from annotator.exporters.png import encode_png

_BATCH_BYTES = 64 << 20
"""Rows are written when their pictures come to about this much."""
_BATCH_ROWS = 500
Row = dict[str, Any]


def _write(work: Work) -> None:
    _pyarrow()  # before anything is read
    tables: dict[str, _Table] = {}
    try:
        for item in work.items():
            split = item.split or "train"
            if split not in tables:
                tables[split] = _Table(work, work.path("data", f"{split}-00000-of-00001.parquet"))
            tables[split].add(_row(work, item))
    finally:
        for table in tables.values():
            table.close()
    _check(work, {split: table.path for split, table in tables.items()})
    _write_card(work, sorted(tables))
    if work.values["pictures"] == "none":
        work.warn("The dataset has names instead of pictures; export with pictures=copy or png to put them in.")


def _row(work: Work, item: Item) -> Row:
    objects = [
        {
            "id": row.id,
            "category": work.numbers[row.category_id] - 1,
            "bbox": [float(value) for value in row.mask.bbox],
            "area": row.mask.area,
            "segmentation": row.mask.to_rle(),
        }
        for row in item.annotations
    ]
    image = item.image
    row: Row = {
        "image_id": image.number,
        "file_name": image.name,
        "width": image.width,
        "height": image.height,
        "objects": objects,
    }
    if work.values["pictures"] != "none":
        row["image"] = _picture(work, item)
    return row


def _picture(work: Work, item: Item) -> Row:
    """The picture's bytes, or for links its path on this machine."""
    kind = work.values["pictures"]
    original = None if kind == "png" else work.source.file(item.image.id)
    if original is None:
        return {"bytes": encode_png(work.source.picture(item.image.id)), "path": item.stem + ".png"}
    if not original.is_file():
        raise ExportFailed(f"The file of {item.image.name} is missing ({str(original)!r}), so nothing was exported.")
    if kind == "link":
        return {"bytes": None, "path": str(original.resolve())}
    return {"bytes": original.read_bytes(), "path": item.stem + item.suffix}


class _Table:
    """A Parquet file that is written in batches."""

    def __init__(self, work: Work, path: Path) -> None:
        self.path = path
        self._schema = _schema(work)
        self._writer = _pyarrow().parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._bytes = 0

    def add(self, row: Row) -> None:
        self._rows.append(row)
        self._bytes += len(row.get("image", {}).get("bytes") or b"")
        if self._bytes > _BATCH_BYTES or len(self._rows) >= _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(_pyarrow().Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0


def _schema(work: Work) -> Any:
    """The columns, with what `datasets` needs to see pictures and categories in them."""
    pa = _pyarrow()
    rle = pa.struct([("size", pa.list_(pa.int32())), ("counts", pa.string())])
    described = [("id", pa.int64()), ("category", pa.int64()), ("bbox", pa.list_(pa.float32()))]
    described += [("area", pa.int64()), ("segmentation", rle)]
    columns = [("image_id", pa.int64()), ("file_name", pa.string()), ("width", pa.int32()), ("height", pa.int32())]
    features: dict[str, Any] = {name: _value(str(kind)) for name, kind in columns}
    # Lists are written as lists, which every version of `datasets` understands.
    features["objects"] = [
        {
            "id": _value("int64"),
            "category": {"names": [row.name for row in work.categories], "_type": "ClassLabel"},
            "bbox": [_value("float32")],
            "area": _value("int64"),
            "segmentation": {"size": [_value("int32")], "counts": _value("string")},
        }
    ]
    columns.append(("objects", pa.list_(pa.struct(described))))
    if work.values["pictures"] != "none":
        columns.append(("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
        features["image"] = {"_type": "Image"}
    return pa.schema(columns, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _value(kind: str) -> dict[str, str]:
    return {"dtype": kind, "_type": "Value"}


def _check(work: Work, paths: dict[str, Path]) -> None:
    """Read the masks back, batch by batch, and compare them with the stored ones."""
    written: dict[int, tuple[int, Any]] = {}
    images = 0
    for path in paths.values():
        with _pyarrow().parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=["image_id", "objects"]):
                for row in batch.to_pylist():
                    images += 1
                    written |= {entry["id"]: (row["image_id"], entry["segmentation"]) for entry in row["objects"]}
    if images != work.images:
        raise ExportFailed(f"The Parquet files have {images} images, not {work.images}; export again.")
    for _, chosen in work.selection.again().chosen():
        for annotation in chosen.annotations if chosen is not None else ():
            image, rle = written.get(annotation.id, (None, None))
            if chosen is None or image != chosen.image.number:
                raise ExportFailed(f"Object {annotation.id} is missing from the Parquet files; export again.")
            work.require_equal(annotation, chosen.image, Mask.from_rle(rle))


def _write_card(work: Work, splits: list[str]) -> None:
    """The dataset's card: which files belong to which split."""
    lines = ["---", "task_categories: [image-segmentation]", "configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {'validation' if split == 'val' else split}", f"    path: data/{split}-*.parquet"]
    lines += ["---", "", f"# {work.source.project_name}", ""]
    lines += ["`objects[].segmentation` is COCO's compressed RLE (`pycocotools.mask.decode`), in display orientation."]
    work.path("README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pyarrow() -> Any:
    """The library, which only this format needs."""
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise BadSetting(
            "The Parquet export needs pyarrow; install it with: pip install 'annotator[datasets]'.", field="format"
        ) from error


PARQUET = FolderExporter("parquet", "Hugging Face datasets (Parquet)", _write)
"""Writes `data/<split>-00000-of-00001.parquet` and a dataset card."""
