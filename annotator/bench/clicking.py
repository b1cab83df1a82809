"""Clicks: by size of the image, and by the number of objects on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotator.bench.context import LABEL_STUDIO, Context, click_name
from annotator.bench.encoding import source
from annotator.bench.figures import Act, Figure, alternate
from annotator.bench.pictures import places
from annotator.bench.server import Person
from annotator.domain.mask import Mask
from annotator.domain.prompt import Point, Prompt
from annotator.engine import Engine
from annotator.images.decode import decode

Spots = list[tuple[float, float]]

EMPTY, FULL = "api.click.empty", "api.click.objects"
SAVE_EMPTY, SAVE_FULL = "api.save.empty", "api.save.objects"


def by_size(context: Context, engine: Engine, person: Person, size: float) -> None:
    """Clicks on an embedded image: the plain predictor, the engine in this process, the server."""
    image = person.images()[context.stock.sizes[size]]
    pixels = decode(context.folder / image["name"]).pixels
    height, width = pixels.shape[:2]
    spots = places(context.plan.clicks + 1, width=width, height=height)
    image_source = source(f"click-{size}", pixels)
    if size == max(context.plan.sizes):
        first = context.figure(f"api.first.{size:g}mp", f"API: opened and clicked for the first time, {size:g} MP")
        first.against = ("raw.encode",)
        with first.timed():
            person.open(image["id"])
            person.click(image["id"], *spots[-1])
    engine.embed(image_source)
    person.embed(image["id"])

    def predict(number: int) -> object:
        return engine.predict(image_source, Prompt(points=(Point(*spots[number]),)))

    rivals: list[tuple[Figure, Act]] = []
    smallest, raw = min(context.plan.sizes), click_name("raw", size)
    if context.plain is not None and context.plan.with_raw:
        plain = context.plain
        plain.set_image(pixels)
        title = f"{plain.title}: a click, {size:g} MP"
        rivals.append(
            (context.figure(raw, title, label=f"{plain.title}, click"), lambda number: plain.click(*spots[number]))
        )
    for who, title, act in (
        ("engine", f"engine: a click, {size:g} MP", predict),
        ("api", f"API: a click, {size:g} MP", _clicks(person, image["id"], spots)),
    ):
        against = [raw] if size == smallest else [raw, click_name(who, smallest)]
        if who == "api" and size == context.typical:
            against.append(LABEL_STUDIO)
        label = f"{who} click {size:g} MP"
        rivals.append((context.figure(click_name(who, size), title, label=label, against=tuple(against)), act))
    for _, act in rivals:
        act(context.plan.clicks)  # warm, at a place that is not measured
    alternate(rivals, context.plan.clicks)


def by_objects(context: Context, person: Person) -> None:
    """Clicks, and saving the draft after a click, with and without many objects on the image."""
    images = person.images()
    empty, full = images[context.stock.empty], images[context.stock.full]
    _fill(person, full, context.plan.objects)
    spots = places(context.plan.clicks + 1, width=full["width"], height=full["height"], seed=1)
    many = f"{context.plan.objects:,} objects"
    clicks: list[tuple[Figure, Act]] = []
    saves: list[tuple[Figure, Act]] = []
    for image, words, click, save in ((empty, "no objects", EMPTY, SAVE_EMPTY), (full, many, FULL, SAVE_FULL)):
        person.embed(image["id"])
        against = ((), ()) if image is empty else ((EMPTY,), (SAVE_EMPTY,))
        figure = context.figure(click, f"API: a click, {words} on the image", label=words, against=against[0])
        clicks.append((figure, _clicks(person, image["id"], spots)))
        figure = context.figure(save, f"API: the draft saved, {words} on the image", label=words, against=against[1])
        saves.append((figure, _Drafts(person, image["id"], spots).save))
    for _, act in (*clicks, *saves):
        act(context.plan.clicks)
    alternate([*clicks, *saves], context.plan.clicks)


def _fill(person: Person, image: dict[str, Any], count: int) -> None:
    """Add discs all over an image."""
    project = person.get("/projects")["items"][0]["id"]
    category = person.send("POST", f"/projects/{project}/categories", {"name": "thing"})["id"]
    width, height = image["width"], image["height"]
    side = max(3, round(min(width, height) * 0.04))
    grid = np.hypot(*(np.mgrid[0:side, 0:side] - side / 2 + 0.5)) <= side / 2
    for x, y in places(count, width=width - side, height=height - side, seed=2):
        mask = Mask.from_crop(grid, x=int(x), y=int(y), height=height, width=width)
        person.send("POST", f"/images/{image['id']}/annotations", {"category": category, "rle": mask.to_rle()})


def _clicks(person: Person, image: str, spots: Spots) -> Act:
    return lambda number: person.click(image, *spots[number])


class _Drafts:
    """A person's draft on an image, saved after each click as the page does."""

    def __init__(self, person: Person, image: str, spots: Spots) -> None:
        self._person = person
        self._path = f"/images/{image}/draft"
        self._spots = spots
        self._revision: int | None = None

    def save(self, number: int) -> None:
        body = {
            "id": "bench",
            "points": [[*self._spots[number], 1]],
            "box": None,
            "mask": None,
            "choice": None,
            "category": None,
            "revision": self._revision,
            "label": "move point",
        }
        self._revision = self._person.send("PUT", self._path, body)["draft"]["revision"]
