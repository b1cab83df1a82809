"""`make load`: 1, 4, 16 and 50 annotators at one server, who think between their clicks.

Each opens images, clicks, refines and accepts as the page does, with an account of their own. What is said: clicks a
second, the time from a click to its mask, whether the slowest person waits longer than the others, errors, how often
the server asked to come back later, and its memory, files and threads. `--soak SECONDS` goes on with the last crowd
and says whether those grow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from annotator.bench.pictures import draw
from annotator.config import Settings
from annotator.domain.person import Role
from annotator.sessions.accounts import accounts_of
from tests.e2e.app import App

PATIENCE = 60.0
DRAWN, MEGAPIXELS = 40, 0.4


@dataclass
class Annotator:
    """One person's day so far; times in milliseconds."""

    name: str
    clicks: list[float] = field(default_factory=list)
    accepts: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    asked_to_wait: int = 0
    errors: Counter[str] = field(default_factory=Counter)


@dataclass
class Holding:
    """What the server's process holds."""

    mib: float
    files: int
    threads: int


@dataclass
class Load:
    """What a crowd met."""

    people: int
    seconds: float
    clicks: int
    clicks_per_second: float
    p50: float
    p95: float
    p99: float
    fairness: float
    """The slowest person's p95 against the median of all people's."""
    spread: float
    """The slowest person's p95 against the fastest's."""
    accept_p95: float
    open_p95: float
    asked_to_wait: int
    errors: dict[str, int]
    before: Holding
    after: Holding


def main() -> None:
    """Run the crowds one after the other and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "photos", type=Path, nargs="?", help="folder of JPEG photos, which are copied; else some are drawn"
    )
    parser.add_argument("--people", type=int, nargs="+", default=[1, 4, 16, 50])
    parser.add_argument("--seconds", type=float, default=60, help="of each crowd")
    parser.add_argument(
        "--images", type=int, default=400, help="pictures of the project; photos beyond those given are cut out of them"
    )
    parser.add_argument("--think", type=float, default=1.5, help="mean seconds between a mask and the next click")
    parser.add_argument("--soak", type=float, default=0, help="seconds to go on with the last crowd")
    parser.add_argument("--model", default="mobile_sam")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="annotator-load-") as scratch:
        folder = Path(scratch) / "photos"
        make_pictures(arguments.photos, folder, arguments.images)
        tokens = hired(folder, max(arguments.people))
        app = App(folder, ["serve", str(folder), "--model", arguments.model, "--categories", "thing"])
        app.start()
        try:
            for count in arguments.people:
                rows.append(crowd(app, tokens[:count], seconds=arguments.seconds, think=arguments.think))
                _say(rows[-1])
            if arguments.soak:
                rows.append(crowd(app, tokens[: arguments.people[-1]], seconds=arguments.soak, think=arguments.think))
                _say(rows[-1])
        finally:
            app.stop()
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


def make_pictures(photos: Path | None, folder: Path, count: int) -> None:
    """Copy photos, or draw some, and cut further ones out of them, no two alike, until there are enough."""
    folder.mkdir()
    if photos is None:
        photos = folder.with_name("drawn")
        photos.mkdir()
        for number in range(DRAWN):
            Image.fromarray(draw(MEGAPIXELS, seed=number)).save(photos / f"{number:02}.jpg", quality=92)
    originals = sorted(path for path in photos.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    for number in range(count):
        path = originals[number % len(originals)]
        again = number // len(originals)
        if again == 0:
            shutil.copyfile(path, folder / path.name)
            continue
        with Image.open(path) as photo:
            width, height = photo.size
            part = photo.crop((4 * again, 2 * again, width - 4 * again, height - 2 * again))
            part.save(folder / f"{path.stem}-{again}.jpg", quality=92)


def hired(folder: Path, count: int) -> list[str]:
    """Tokens of as many annotators, "person 0" and so on, who get accounts in the project of a folder."""
    tokens = []
    with accounts_of(folder, Settings.load()) as accounts:
        for number in range(count):
            accounts.add(f"person {number}", role=Role.ANNOTATOR, password=None, by="load")
            tokens.append(accounts.create_token(f"person {number}", label="load", by="load"))
    return tokens


def crowd(app: App, tokens: list[str], *, seconds: float, think: float) -> Load:
    """Let one annotator for each token work for some seconds."""

    async def work() -> list[Annotator]:
        until = time.monotonic() + seconds
        return list(await asyncio.gather(*(_annotate(app.url, n, t, until, think) for n, t in enumerate(tokens))))

    before = holding(app)
    began = time.monotonic()
    people = asyncio.run(work())
    took = time.monotonic() - began
    after = holding(app)
    clicks = sorted(one for person in people for one in person.clicks)
    own = sorted(_part(sorted(person.clicks), 0.95) for person in people)
    return Load(
        people=len(people),
        seconds=took,
        clicks=len(clicks),
        clicks_per_second=len(clicks) / took,
        p50=_part(clicks, 0.5),
        p95=_part(clicks, 0.95),
        p99=_part(clicks, 0.99),
        fairness=own[-1] / statistics.median(own),
        spread=own[-1] / own[0],
        accept_p95=_part(sorted(one for person in people for one in person.accepts), 0.95),
        open_p95=_part(sorted(one for person in people for one in person.opened), 0.95),
        asked_to_wait=sum(person.asked_to_wait for person in people),
        errors=dict(sum((person.errors for person in people), Counter())),
        before=before,
        after=after,
    )


async def _annotate(url: str, number: int, token: str, until: float, think: float) -> Annotator:
    """Images one after the other, three objects on each, one to three clicks an object."""
    person = Annotator(f"person {number}")
    dice = random.Random(number)
    headers = {"Authorization": f"Bearer {token}", "X-Annotator-Client": f"load-{number}"}
    async with httpx.AsyncClient(base_url=f"{url}api/v1/", headers=headers, timeout=PATIENCE) as client:
        project = (await client.get("projects")).json()["items"][0]
        category = project["categories"][0]["name"]
        images = (await client.get(f"projects/{project['id']}/images?limit=1000")).json()["items"]
        images = [image for image in images if image["problem"] is None]
        await asyncio.sleep(dice.uniform(0, think))
        turn = number
        while time.monotonic() < until:
            image = images[turn % len(images)]
            turn += 1
            await _ask(person, client, "GET", f"images/{image['id']}", None)
            _, ms = await _ask(person, client, "POST", f"images/{image['id']}/embed", {})
            person.opened.append(ms)
            for _ in range(3):
                points: list[list[float]] = []
                found: dict[str, Any] | None = None
                for _ in range(dice.choice((1, 1, 2, 3))):
                    await asyncio.sleep(dice.expovariate(1 / think))
                    points.append([dice.uniform(0, image["width"] - 1), dice.uniform(0, image["height"] - 1), 1])
                    body = {"points": points, "box": None, "mask": None, "multimask": "auto"}
                    found, ms = await _ask(person, client, "POST", f"images/{image['id']}/predict", body)
                    person.clicks.append(ms)
                shown = found["candidates"][found["chosen"]] if found and found["candidates"] else None
                if shown is not None and shown["area"] > 0:
                    new = {"rle": shown["rle"], "category": category}
                    _, ms = await _ask(person, client, "POST", f"images/{image['id']}/annotations", new)
                    person.accepts.append(ms)
                if time.monotonic() > until:
                    break
    return person


async def _ask(
    person: Annotator, client: httpx.AsyncClient, method: str, path: str, body: Any
) -> tuple[dict[str, Any] | None, float]:
    """A reply and how long it took, the times that the server asked to wait included, as the page waits."""
    began = time.perf_counter()
    while True:
        try:
            reply = await client.request(method, path, json=body)
        except httpx.HTTPError as error:
            person.errors[type(error).__name__] += 1
            return None, (time.perf_counter() - began) * 1000
        if reply.status_code == 503 and "retry-after" in reply.headers:
            person.asked_to_wait += 1
            await asyncio.sleep(float(reply.headers["retry-after"]))
            continue
        if reply.status_code >= 400:
            person.errors[f"{method} {path.split('/')[-1]} {reply.status_code} {reply.text[:120]}"] += 1
            return None, (time.perf_counter() - began) * 1000
        found: dict[str, Any] = reply.json() if reply.content else {}
        return found, (time.perf_counter() - began) * 1000


def _part(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def holding(app: App) -> Holding:
    """What the process of a running app holds now."""
    assert app.process is not None
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    facts = dict(line.split(":", 1) for line in status.splitlines())
    files = len(list(Path(f"/proc/{app.process.pid}/fd").iterdir()))
    return Holding(int(facts["VmRSS"].split()[0]) / 1024, files, int(facts["Threads"]))


def _say(row: Load) -> None:
    print(
        f"{row.people:3} people, {row.seconds:.0f} s: {row.clicks_per_second:.1f} clicks/s, p50 {row.p50:.0f} ms, p95"
        f" {row.p95:.0f}, p99 {row.p99:.0f}; slowest p95 / median p95 {row.fairness:.2f}, / fastest {row.spread:.2f};"
        f" accept p95 {row.accept_p95:.0f}, open p95 {row.open_p95:.0f}; asked to wait {row.asked_to_wait}, errors"
        f" {row.errors}; {row.before.mib:.0f} → {row.after.mib:.0f} MiB, files {row.before.files} →"
        f" {row.after.files}, threads {row.before.threads} → {row.after.threads}",
        flush=True,
    )


if __name__ == "__main__":
    main()
