"""Tables: with colours in a terminal, plain aligned text in files and pipes."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = (), dim: Sequence[bool] = ()
) -> None:
    """Print a table on stdout.

    Args:
        right: numbers of the columns that are aligned to the right.
        dim: for each row, whether it is of less interest.
    """
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Whoever reads a pipe wants one line a row, however long.
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 1000)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, title in enumerate(head):
        table.add_column(title, justify="right" if number in right else "left", overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*(Text(cell) for cell in row), style="dim" if number < len(dim) and dim[number] else None)
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().rstrip().splitlines()))
