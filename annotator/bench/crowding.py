"""Several people at once: on different images, on the same one, at a working pace, and while images are encoded."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from annotator.bench.context import Context
from annotator.bench.figures import Figure
from annotator.bench.pictures import places

ONE = "users.one"


def measure(context: Context) -> None:
    """Clicks of one person, of all at once, and of all at a working pace."""
    plan = context.plan
    person = context.server.person("crowd")
    images = person.images()
    shared = [images[name] for name in context.stock.shared]
    for image in shared:
        person.embed(image["id"])
    person.close()
    each = max(2, plan.clicks // plan.users)
    one = context.figure(ONE, "1 person, click after click", label="1 person")
    # Seeds are far apart, because the answer to a prompt that was given before costs nothing.
    _crowd(context, one, shared[:1], clicks=plan.clicks, seed=10)
    crowds = (
        ("different", "on different images, click after click", shared, 0.0),
        ("same", "on the same image, click after click", shared[:1] * plan.users, 0.0),
        ("active", f"on different images, a click every {plan.pace:g} s each", shared, plan.pace),
    )
    for number, (name, words, chosen, pace) in enumerate(crowds, start=1):
        title = f"{plan.users} people {words}"
        figure = context.figure(f"users.{name}", title, against=(ONE,))
        rate = _crowd(context, figure, chosen, clicks=each, pace=pace, seed=number * 1000)
        if not pace:
            context.figure(f"users.{name}.rate", f"{title}: all together", unit="clicks/s").values.append(rate)


def while_encoding(context: Context) -> None:
    """One person clicks while another opens images that were never seen."""
    clicking, opening = context.server.person("clicking"), context.server.person("opening")
    images = clicking.images()
    image = images[context.stock.shared[0]]
    spots = places(10_000, width=image["width"], height=image["height"], seed=3)
    figure = context.figure("users.encoding", "1 person, while another opens images never seen", against=(ONE,))
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(lambda: [opening.open(images[name]["id"]) for name in context.stock.fresh])
        for x, y in spots:
            with figure.timed():
                clicking.click(image["id"], x, y)
            if work.done():
                break
        work.result()
    clicking.close()
    opening.close()


def _crowd(
    context: Context, figure: Figure, images: Sequence[dict[str, Any]], *, clicks: int, seed: int, pace: float = 0.0
) -> float:
    """One person an image; how many clicks a second all of them made together."""
    begun: list[float] = []
    start = threading.Barrier(len(images), action=lambda: begun.append(time.perf_counter()))

    def work(index: int) -> list[float]:
        image, person = images[index], context.server.person(f"person {index}")
        spots = places(clicks + 1, width=image["width"], height=image["height"], seed=seed + index)
        chance, own = random.Random(index), Figure("", "")
        try:
            person.click(image["id"], *spots[clicks])
        except BaseException:
            start.abort()  # or the others would wait for ever
            raise
        start.wait()
        for x, y in spots[:clicks]:
            time.sleep(pace * chance.uniform(0.5, 1.5))
            with own.timed():
                person.click(image["id"], x, y)
        person.close()
        return own.values

    with ThreadPoolExecutor(len(images)) as pool:
        for values in pool.map(work, range(len(images))):
            figure.values += values
        return len(figure.values) / (time.perf_counter() - begun[0])
