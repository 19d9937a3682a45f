"""What the commands print: results on standard output, progress and errors on standard error.

Without a terminal (in pipes, in logs) nothing is coloured, wrapped or animated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

_WIDTH_WITHOUT_TERMINAL, _UNLIMITED = 100, 10_000


def output(quiet: bool = False) -> Console:
    """The console for results.

    Args:
        quiet: Whether to print nothing.
    """
    return _console(stderr=False, quiet=quiet)


def progress_output(quiet: bool = False) -> Console:
    """The console for progress and errors, so that a pipe receives results only."""
    return _console(stderr=True, quiet=quiet)


def _console(*, stderr: bool, quiet: bool) -> Console:
    console = Console(stderr=stderr, quiet=quiet, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    return console


def print_error(message: str) -> None:
    """Prints one error message: framed on a terminal, on one line elsewhere."""
    console = progress_output()
    if console.is_terminal:
        console.print(Panel(escape(message), title="Error", title_align="left", border_style="red"))
    else:
        console.print(f"Error: {message}", markup=False, soft_wrap=True)


def print_facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    """Prints lines of a short name and what is to be said about it."""
    for name, text in facts:
        console.print(f"[bold]{name:<10}[/] {escape(text)}", soft_wrap=True)


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Prints a table whose first column is text and whose others are numbers.

    Nothing is cut: on a narrow terminal cells are wrapped, elsewhere lines are as long as need be.
    """
    console.print(f"\n[bold]{escape(title)}[/]", soft_wrap=True)
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    if not console.is_terminal:
        unlimited = console.options.update(max_width=_UNLIMITED)
        table.width = console.measure(table, options=unlimited).maximum
    console.print(table, crop=console.is_terminal)
    console.print()


def print_files(console: Console, folder: Path, files: Iterable[tuple[str, str]]) -> None:
    """Prints what was written: a folder, and name and purpose of each file in it."""
    present = [(name, purpose) for name, purpose in files if (folder / name).exists()]
    width = max((len(name) for name, _ in present), default=0)
    console.print(f"\n[bold]Written[/] to {escape(str(folder))}", soft_wrap=True)
    for name, purpose in present:
        console.print(f"  {name:<{width}}  [dim]{escape(purpose)}[/]", soft_wrap=True)


def print_next(console: Console, commands: Iterable[str]) -> None:
    """Prints commands to try next, each on a line of its own, ready to copy."""
    console.print("\n[bold]Next[/]")
    for command in commands:
        console.print(f"  [cyan]{escape(command)}[/]", soft_wrap=True)


def percent(share: float, samples: int | None = None) -> str:
    """Writes a share in [0, 1] as percent, with its standard error if it was counted.

    Args:
        share: The share p.
        samples: Number n of samples it was counted on; the error is sqrt(p (1 - p) / n).

    >>> percent(0.9722), percent(0.9722, samples=360)
    ('97.2 %', '97.2 ± 0.9 %')
    """
    if samples is None:
        return f"{100 * share:.1f} %"
    return f"{100 * share:.1f} ± {100 * math.sqrt(share * (1 - share) / samples):.1f} %"
