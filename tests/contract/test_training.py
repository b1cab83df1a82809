"""A COCO export feeds a trainer: torchvision's Mask R-CNN learns from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import annotator
from tests.conftest import photo

STEPS = 10


def test_mask_rcnn_learns_from_an_export(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2
    from torchvision.models import mobilenet_v3_small
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.rpn import AnchorGenerator
    from torchvision.transforms import v2

    for seed in range(2):
        photo(tmp_path / "photos" / f"{seed}.png", width=96, height=96, seed=seed)
    with annotator.open(tmp_path / "photos") as project:
        project.add_category("box")
        project.add_category("disc")
        rows, columns = np.mgrid[:96, :96]
        for image in project:
            image.add((rows > 20) & (rows < 60) & (columns > 10) & (columns < 50), "box")
            image.add((rows - 60) ** 2 + (columns - 65) ** 2 < 400, "disc")
        report = project.export("coco", tmp_path / "out")
        polygons = project.export("coco", tmp_path / "polygons", segmentation="polygon")

    torch.manual_seed(0)
    to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    plain = CocoDetection(tmp_path / "photos", report.target, transforms=to_tensor)
    data = wrap_dataset_for_transforms_v2(plain, target_keys=["boxes", "labels", "masks"])
    batch = [data[index] for index in range(len(data))]
    assert [target["labels"].tolist() for _, target in batch] == [[1, 2], [1, 2]]
    assert all(target["masks"].shape == (2, 96, 96) for _, target in batch)
    drawn = CocoDetection(tmp_path / "photos", polygons.target)
    for (_, target), (_, shapes) in zip(batch, drawn, strict=True):
        masks = np.stack([drawn.coco.annToMask(shape) for shape in shapes])
        assert (masks == target["masks"].numpy()).all(), "polygons and run lengths are the same pixels"
    backbone = mobilenet_v3_small(weights=None).features
    backbone.out_channels = 576
    anchors = AnchorGenerator(sizes=((32, 48),), aspect_ratios=((1.0,),))
    small = {"min_size": 96, "max_size": 96, "rpn_post_nms_top_n_train": 50, "box_batch_size_per_image": 32}
    model = MaskRCNN(backbone, num_classes=3, rpn_anchor_generator=anchors, **small)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        loss = sum(model([picture for picture, _ in batch], [target for _, target in batch]).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3]), losses
