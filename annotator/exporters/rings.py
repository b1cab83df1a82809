"""Objects as one closed ring of points each, and the mask that training code draws of such a ring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotator.domain.mask import BoolArray, Mask
from annotator.domain.polygon import filled, from_polygons, polygons

Ring = npt.NDArray[np.float64]
"""(N, 2) points x, y in image pixels; the last one is joined to the first."""
Corners = npt.NDArray[np.int64]
"""(N, 2) columns and rows of pixels."""


def ring_of(mask: Mask, *, holes: bool) -> Ring:
    """A mask's parts, and its holes on request, as one ring; the ring without holes where that draws better."""
    outer = [np.reshape(part, (-1, 2)) for part in polygons(mask)]
    plain = joined(outer)
    inner = hole_rings(mask) if holes else []
    if not inner:
        return plain
    cut = joined([*outer, *inner])
    size = {"height": mask.height, "width": mask.width}
    return cut if drawn(cut, **size).iou(mask) >= drawn(plain, **size).iou(mask) else plain


def hole_rings(mask: Mask) -> list[Ring]:
    """A ring around every hole, over the object's own pixels beside it; what lies inside a hole is lost with it."""
    solid = filled(mask)
    if solid == mask:
        return []
    enclosed = solid.to_array() & ~mask.to_array()
    if not enclosed.any():
        return []
    rings = []
    for part in polygons(Mask.from_array(enclosed)):
        hole = from_polygons([part], height=mask.height, width=mask.width)
        rings += [np.reshape(around, (-1, 2)) for around in polygons(_grown(hole))]
    return rings


def _grown(mask: Mask) -> Mask:
    """A mask with the pixels above, below, left and right of its own."""
    x, y, width, height = mask.bbox
    left, top = max(x - 1, 0), max(y - 1, 0)
    inside: BoolArray = mask.to_array()[top : y + height + 1, left : x + width + 1]
    grown = inside.copy()
    grown[1:] |= inside[:-1]
    grown[:-1] |= inside[1:]
    grown[:, 1:] |= inside[:, :-1]
    grown[:, :-1] |= inside[:, 1:]
    return Mask.from_crop(grown, x=left, y=top, height=mask.height, width=mask.width)


@dataclass(slots=True)
class _Reach:
    """How a part is reached best: the squared distance, from which vertex of which part, at which of its own."""

    distance: float = np.inf
    parent: int = 0
    leave: int = 0
    enter: int = 0


def joined(parts: list[Ring]) -> Ring:
    """One ring through several: a tree of shortest lines joins them, and every line is gone there and back.

    The lines have no width, but readers that draw outlines give them a pixel's. An outline inside another one cuts a
    hole, as readers count how often a pixel is enclosed.

    Source: Prim's algorithm for the tree, on the distances between vertices.
    """
    best = [_Reach() for _ in parts]
    waiting = set(range(1, len(parts)))
    children: dict[tuple[int, int], list[int]] = {}
    last = 0
    while waiting:
        for index in waiting:
            distance, leave, enter = _nearest(parts[last], parts[index])
            if distance < best[index].distance:
                best[index] = _Reach(distance, last, leave, enter)
        last = min(waiting, key=lambda index: (best[index].distance, index))
        waiting.remove(last)
        children.setdefault((best[last].parent, best[last].leave), []).append(last)
    return _walk(parts, [reach.enter for reach in best], children)


def _walk(parts: list[Ring], enter: list[int], children: dict[tuple[int, int], list[int]]) -> Ring:
    """The points of all parts: each from where it is entered once around, with what hangs on a vertex in between."""
    points: list[npt.NDArray[np.float64]] = []
    # A stack of (part, step, alone), because parts can hang on each other in thousands.
    stack = [(0, 0, False)]
    while stack:
        part, step, alone = stack.pop()
        count = len(parts[part])
        vertex = (enter[part] + step) % count
        points.append(parts[part][vertex])
        if alone or step == count:
            continue
        # The first part is closed by whoever reads the ring; the others return to where they were entered.
        if step + 1 < count + (part != 0):
            stack.append((part, step + 1, False))
        for child in children.get((part, vertex), []):
            stack.append((part, step, True))
            stack.append((child, 0, False))
    return np.array(points)


def _nearest(ring: Ring, part: Ring) -> tuple[float, int, int]:
    """Squared distance, and indices, of the two nearest vertices."""
    best = (np.inf, 0, 0)
    for start in range(0, len(ring), 1024):  # a distance matrix of all pairs could be larger than memory
        squares = ((ring[start : start + 1024, None] - part[None]) ** 2).sum(axis=2)
        here, there = divmod(int(squares.argmin()), len(part))
        if squares[here, there] < best[0]:
            best = (float(squares[here, there]), start + here, there)
    return best


def drawn(ring: Ring, *, height: int, width: int) -> Mask:
    """The mask that training code makes of a ring in pixels: what it encloses and the pixels that its outline passes.

    Training code cuts the corners to whole pixels and fills with OpenCV, which draws the outline too: a line takes one
    pixel in every column, or in every row if it is steep.
    """
    corners = np.clip(np.floor(ring).astype(int), 0, (width - 1, height - 1))
    # In the object's own box: the work grows with the object, not with the image.
    least, most = corners.min(axis=0), corners.max(axis=0)
    starts = corners - least
    ends = np.roll(starts, -1, axis=0)
    inside = _enclosed(starts, ends, height=int(most[1] - least[1]) + 1, width=int(most[0] - least[0]) + 1)
    columns, rows = _line_pixels(starts, ends)
    inside[rows, columns] = True
    return Mask.from_crop(inside, x=int(least[0]), y=int(least[1]), height=height, width=width)


def _enclosed(starts: Corners, ends: Corners, *, height: int, width: int) -> BoolArray:
    """The pixels with an odd number of edges to their left, in the row of pixel centres that the corners lie in."""
    upper = np.where((starts[:, 1] < ends[:, 1])[:, None], starts, ends)
    ways = np.where((starts[:, 1] < ends[:, 1])[:, None], ends - starts, starts - ends)
    edge, step = _repeated(ways[:, 1])
    columns = np.ceil(upper[edge, 0] + step * ways[edge, 0] / ways[edge, 1]).astype(int)
    crossings = np.zeros((height, width), np.int32)
    np.add.at(crossings, (upper[edge, 1] + step, columns), 1)
    odd: BoolArray = np.cumsum(crossings, axis=1) % 2 == 1
    return odd


def _line_pixels(starts: Corners, ends: Corners) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Columns and rows of the pixels that lines between pixels pass."""
    # Always from left to right, so that a line there and back takes the same pixels.
    turned = (ends[:, 0] < starts[:, 0])[:, None]
    starts, ends = np.where(turned, ends, starts), np.where(turned, starts, ends)
    ways = ends - starts
    steps = np.maximum(np.abs(ways).max(axis=1), 1)
    line, step = _repeated(steps)
    points = starts[line] + np.rint(ways[line] * (step / steps[line])[:, None]).astype(int)
    # A line's last pixel is the first one of another line, or of none when it was turned.
    columns, rows = np.concatenate([points, ends]).T
    return columns, rows


def _repeated(counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every index as often as its count says, and beside it 0, 1, 2, …"""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
