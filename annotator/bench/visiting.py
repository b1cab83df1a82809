"""Many images one after the other: what the server holds in memory must not grow with them."""

from __future__ import annotations

from annotator.bench.context import Context

SETTLED = 50  # images after which memory is as full as it gets
LAST = 5  # readings that count at either end: one alone depends on what happens to be under way

BEFORE, AFTER = "memory.visits.50", "memory.visits.all"


def measure(context: Context) -> None:
    """Open and click each image once, as somebody does who goes through a folder."""
    names = context.stock.visited
    settled = context.figure(BEFORE, f"memory of the server after {SETTLED} images", label="then", unit="MiB")
    full = context.figure(AFTER, f"memory of the server after {len(names)} images", unit="MiB", against=(BEFORE,))
    person = context.server.person("visiting")
    images = person.images()
    for number, name in enumerate(names, 1):
        image = images[name]
        person.open(image["id"])
        person.click(image["id"], image["width"] / 2, image["height"] / 2)
        figure = settled if number <= SETTLED else full
        figure.values.append(context.server.memory() / (1 << 20))
        del figure.values[:-LAST]
    person.close()
