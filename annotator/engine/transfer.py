"""One file over HTTP: resumed where it stopped, checked, and in place only when it is whole.

The bytes gather beside the target (see `partial`), across attempts, programs and days.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from annotator.engine import weights
from annotator.engine.partial import Transfer
from annotator.errors import ModelProblem, StorageProblem

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    import httpx

SPARE = 64 << 20  # bytes that are left free: a disk filled to the brim stops everything else
ATTEMPTS = 4  # in a row without a single new byte
PAUSE = 1.0  # seconds before the second attempt; doubled each time
PATIENCE = (15.0, 60.0)  # seconds to connect, seconds without a byte
PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses worth another attempt

Progress = Callable[[int, int], None]


class _Again(Exception):
    """Another attempt may help; `wait` is how long the server asked for, in seconds."""

    def __init__(self, reason: str, *, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _Anew(Exception):
    """What was gathered can't be continued."""


def fetch(transfer: Transfer, *, progress: Progress | None = None) -> Path:
    """Get the file; proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`, …).

    Args:
        progress: called with bytes that are here and the total.

    Raises:
        ModelProblem: the server can't be reached, refuses, or has another file.
        StorageProblem: the disk is full or the folder can't be written; nothing is left behind.
    """
    try:
        transfer.target.parent.mkdir(parents=True, exist_ok=True)
        with transfer.alone(), _client(transfer) as client:
            digest = _gather(transfer, client, progress or (lambda done, total: None))
            transfer.part.replace(transfer.target)
            transfer.note.unlink(missing_ok=True)
    except OSError as problem:
        raise _storage(transfer, problem) from problem
    weights.remember(transfer.target, digest)
    return transfer.target


def _gather(transfer: Transfer, client: httpx.Client, progress: Progress) -> str:
    """Attempt after attempt until the part is whole and right; its SHA-256."""
    failures, reached, fresh = 0, transfer.size(), False
    while True:
        before = transfer.size()
        try:
            digest = _attempt(transfer, client, progress)
            if transfer.sha256 in (None, digest):
                return digest
            resumed = before > 0 and not fresh
            transfer.discard()
            if not resumed:
                raise ModelProblem(
                    f"{transfer.url} is not the file that was expected (its SHA-256 is {digest[:12]}…); it was removed."
                    f" Try again later. {transfer.help}".rstrip()
                )
            fresh = True  # the old part may have been the wrong one
        except _Anew:
            transfer.discard()
            if fresh:
                raise ModelProblem(f"{transfer.url} can't be downloaded: the server contradicts itself.") from None
            fresh = True
        except _Again as problem:
            failures = 0 if transfer.size() > reached else failures + 1
            reached = max(reached, transfer.size())
            if failures >= ATTEMPTS:
                raise ModelProblem(_given_up(transfer, str(problem))) from problem
            time.sleep(max(PAUSE * 2 ** max(failures - 1, 0), problem.wait))


def _attempt(transfer: Transfer, client: httpx.Client, progress: Progress) -> str:
    """One request after which the part is whole, unless _Again or _Anew is raised; the part's SHA-256."""
    import httpx

    have = transfer.size()
    if have > 0 and have == transfer.bytes:
        return transfer.hash(have).hexdigest()
    headers = {**transfer.headers, "Accept-Encoding": "identity", **_range(transfer, have)}
    try:
        with client.stream("GET", transfer.url, headers=headers) as reply:
            start, total = _accept(transfer, reply, have if "Range" in headers else 0)
            _require_room(transfer, total, start)
            digest = _write(transfer, reply, start, total, progress)
    except httpx.TransportError as problem:
        raise _Again(_reason(problem)) from problem
    except (httpx.InvalidURL, httpx.TooManyRedirects, httpx.DecodingError) as problem:
        raise ModelProblem(f"{transfer.url} can't be downloaded ({_reason(problem)}). {transfer.help}") from problem
    if total is not None and transfer.size() != total:
        raise _Again("the connection was cut")
    return digest.hexdigest()


def _range(transfer: Transfer, have: int) -> dict[str, str]:
    """Headers that ask for the rest, if what is here belongs to the same version of the file."""
    same = transfer.remembered()
    too_long = transfer.bytes is not None and have > transfer.bytes
    if have == 0 or too_long or (same is None and transfer.sha256 is None):
        return {}
    return {"Range": f"bytes={have}-", **({} if same is None else {"If-Range": same})}


def _accept(transfer: Transfer, reply: httpx.Response, have: int) -> tuple[int, int | None]:
    """Where the reply's bytes begin in the file, and the file's size if it is said."""
    status = reply.status_code
    if status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != have:
            raise _Anew
        total = None if found[2] == "*" else int(found[2])
    elif status == 416:
        raise _Anew  # what is here is longer than the file, or of another one
    elif status == 200:
        have, length = 0, reply.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
    else:
        raise _refusal(transfer, reply)
    if transfer.bytes is not None and total not in (None, transfer.bytes):
        transfer.discard()
        raise ModelProblem(
            f"{transfer.url} has {total:,} bytes instead of {transfer.bytes:,}: it is another file. {transfer.help}"
        )
    transfer.remember(_version(reply))
    return have, transfer.bytes or total


def _refusal(transfer: Transfer, reply: httpx.Response) -> Exception:
    status = f"{reply.status_code} {reply.reason_phrase}".strip()
    if reply.status_code in PASSING:
        asked = reply.headers.get("Retry-After", "")
        return _Again(f"the server answers {status}", wait=min(60.0, float(asked)) if asked.isdigit() else 0.0)
    why = {
        401: " It asks who you are: for the hub, set HF_TOKEN.",
        403: " You have no access: for the hub, accept the model's terms there and set HF_TOKEN.",
        407: " The proxy wants a name and a password: HTTPS_PROXY=http://name:password@host:port.",
    }.get(reply.status_code, "")
    return ModelProblem(f"{transfer.url} can't be downloaded: the server answers {status}.{why} {transfer.help}")


def _write(transfer: Transfer, reply: httpx.Response, start: int, total: int | None, progress: Progress) -> Hash:
    done, digest = start, transfer.hash(start)
    with transfer.part.open("r+b" if start else "wb") as file:
        file.seek(start)
        for block in reply.iter_raw():  # as they come: in larger ones the last bytes before a cut would be lost
            done += len(block)
            if total is not None and done > total:
                raise _Anew
            digest.update(block)
            file.write(block)
            progress(done, total or 0)
        file.flush()
        os.fsync(file.fileno())
    return digest


def _require_room(transfer: Transfer, total: int | None, start: int) -> None:
    needed = (total or 0) - start
    free = shutil.disk_usage(transfer.target.parent).free + (transfer.size() if start == 0 else 0)
    if needed + SPARE > free:
        transfer.discard()
        raise StorageProblem(
            f"{transfer.target.name} needs {needed / 1e6:,.0f} MB, and {transfer.target.parent} has"
            f" {free / 1e6:,.0f} MB free; free some space, or set ANNOTATOR_CHECKPOINTS_DIR to another disk."
        )


def _storage(transfer: Transfer, problem: OSError) -> StorageProblem:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        with contextlib.suppress(OSError):
            transfer.discard()
        return StorageProblem(
            f"The disk is full: {transfer.target} could not be written, and nothing of it was kept; free some space,"
            " or set ANNOTATOR_CHECKPOINTS_DIR to another disk."
        )
    return StorageProblem(
        f"{transfer.target} can't be written ({problem.strerror or problem}); set ANNOTATOR_CHECKPOINTS_DIR to a folder"
        " that can be written to."
    )


def _given_up(transfer: Transfer, reason: str) -> str:
    kept = " What is here is kept: the same command goes on from there." if transfer.size() else ""
    return f"{transfer.url} can't be downloaded: {reason}.{kept} {transfer.help}".rstrip()


def _reason(problem: Exception) -> str:
    text = (str(problem).splitlines() or [""])[0] or type(problem).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{text}; behind a proxy of your own, set SSL_CERT_FILE to its certificate"
    return text.rstrip(".")


def _version(reply: httpx.Response) -> str | None:
    """What If-Range can name; a weak tag it must not (RFC 9110, 13.1.5)."""
    tag: str = reply.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else reply.headers.get("Last-Modified")


@contextlib.contextmanager
def _client(transfer: Transfer) -> Iterator[httpx.Client]:
    import httpx

    connect, silence = PATIENCE
    try:
        client = httpx.Client(follow_redirects=True, timeout=httpx.Timeout(silence, connect=connect))
    except (ImportError, ValueError, httpx.InvalidURL) as problem:  # a proxy of the environment can't be used
        raise ModelProblem(
            f"The proxy of the environment (HTTPS_PROXY, ALL_PROXY) can't be used: {_reason(problem)}. {transfer.help}"
        ) from problem
    with client:
        yield client
