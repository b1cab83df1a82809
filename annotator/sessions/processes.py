"""Long work in a process of its own: one busy Python thread would make every click of everybody wait."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any, TypeVar

from annotator.errors import AnnotatorError

Result = TypeVar("Result")
Progress = Callable[[int, int], None]


def run_in_process(work: Callable[[Progress], Result], progress: Progress, *, ended: AnnotatorError) -> Result:
    """Do work elsewhere, pass its progress on and return what it returns.

    Args:
        work: a function of a module, or a `functools.partial` of one; gets the progress to report to.
        ended: raised when the process dies, with its exit code added.

    Raises:
        AnnotatorError: what the work raised.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, there), name="work", daemon=True)
    process.start()
    there.close()
    try:
        while True:
            kind, value = here.recv()
            if kind == "progress":
                progress(*value)
            elif kind == "done":
                result: Result = value
                return result
            else:
                raise value
    except EOFError:
        process.join(timeout=5)
        raise type(ended)(f"{ended.message} (exit code {process.exitcode})") from None
    finally:
        here.close()
        process.join(timeout=5)


def _child(work: Callable[[Progress], Any], pipe: Pipe) -> None:
    try:
        pipe.send(("done", work(lambda done, total: pipe.send(("progress", (done, total))))))
    except AnnotatorError as error:
        pipe.send(("error", error))
    except BrokenPipeError:
        pass  # whoever waited for it is gone
    finally:
        pipe.close()
