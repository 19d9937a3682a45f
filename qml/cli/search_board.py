"""The live table of `ketwork search`: one row per run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from .search_runs import Progress, Show

_LINES = 10
_COLUMNS = ("seed", "", "candidates", "energies", "error", "CNOTs", "depth", "seconds", "")


@contextmanager
def board(console: Console, seeds: list[int], budget: int) -> Iterator[Show]:
    """Shows how the runs stand: a table on a terminal, a few lines of text elsewhere.

    Args:
        console: Where to; a quiet console shows nothing.
        seeds: The seeds of the runs.
        budget: Candidates of each run.

    Yields:
        What to tell about progress.
    """
    if console.quiet:
        yield lambda seed, progress: None
    elif not console.is_terminal:
        yield _lines(console, budget)
    else:
        rows: dict[int, Progress | None] = dict.fromkeys(seeds)
        with Live(_table(rows, budget), console=console, transient=True) as live:

            def show(seed: int, progress: Progress) -> None:
                rows[seed] = progress
                live.update(_table(rows, budget))

            yield show


def _lines(console: Console, budget: int) -> Show:
    told: dict[int, int] = {}

    def show(seed: int, progress: Progress) -> None:
        tenth = _LINES * progress.candidates // budget
        if tenth > told.get(seed, 0):
            told[seed] = tenth
            text = f"seed {seed}: {progress.candidates}/{budget} candidates, error "
            text += f"{progress.best_error:.2e}, {progress.seconds:.0f} s"
            console.print(text, markup=False, soft_wrap=True)

    return show


def _table(rows: dict[int, Progress | None], budget: int) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for index, column in enumerate(_COLUMNS):
        table.add_column(column, justify="left" if index in (1, 8) else "right", no_wrap=True)
    for seed, progress in rows.items():
        if progress is None:
            table.add_row(str(seed), ProgressBar(budget, 0, width=16), *[""] * 7)
            continue
        facts = ", ".join(f"{name} {_short(value)}" for name, value in progress.facts.items())
        table.add_row(
            str(seed), ProgressBar(budget, progress.candidates, width=16),
            f"{progress.candidates}/{budget}", str(progress.evaluations),
            f"{progress.best_error:.2e}", str(progress.cnots), str(progress.depth),
            f"{progress.seconds:.0f}", f"[dim]{facts}[/]",
        )  # fmt: skip
    return table


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
