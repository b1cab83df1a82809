"""From image to image: new ones, embedded ones, and after a restart of the server."""

from __future__ import annotations

from annotator.bench.context import Context
from annotator.bench.figures import Figure

COLD, WARM, RESTART = "switch.cold", "switch.prefetched", "switch.restart"
EMBEDDINGS = ("cache", "embeddings")  # below the project's data folder


def fresh(context: Context) -> None:
    """Images that nobody opened before, then the same ones, whose embeddings are in memory."""
    cold = context.figure(COLD, "API: an image opened that was never seen", label="never seen", against=("raw.encode",))
    warm = context.figure(WARM, "API: an image opened that is embedded ahead", against=(COLD,))
    _visit(context, cold)
    again = _visit(context, warm)
    if again:
        context.notes.append(f"{again} of {len(warm.values)} images that were embedded ahead were encoded again.")


def restarted(context: Context) -> None:
    """The same images after the server was stopped and started; what an embedding takes on disk."""
    restart = context.figure(RESTART, "API: an image opened after a restart, embedding on disk", against=(COLD,))
    context.server.stop()
    files = [path for path in context.data.joinpath(*EMBEDDINGS).rglob("*") if path.is_file()]
    if files:
        disk = context.figure("disk.embedding", "disk space of an embedding", unit="MiB")
        disk.values += [path.stat().st_size / (1 << 20) for path in files]
    else:
        context.notes.append("No embeddings were kept on disk.")
    context.server.start()
    again = _visit(context, restart)
    if again:
        context.notes.append(f"After the restart {again} of {len(restart.values)} images were encoded again.")


def _visit(context: Context, figure: Figure) -> int:
    """Open all; how many had to be encoded."""
    person, encoded = context.server.person("switching"), 0
    images = person.images()
    person.open(images[context.stock.first]["id"])
    for name in context.stock.opened:
        with figure.timed():
            encoded += bool(person.open(images[name]["id"])["encoded"])
    # The server embeds at its start what the person has open: not one of those that are measured.
    person.open(images[context.stock.first]["id"])
    person.close()
    return encoded
