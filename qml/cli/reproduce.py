"""`ketwork reproduce`: train what a published table compares, and write it beside the paper's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from torch import nn

from circuits.errors import InvalidArgumentError
from qml import reproduce as tables
from qml.reproduce.markdown import lines
from qml.reproduce.store import LABEL, RUNS
from qml.reproduce.texts import SMOKE, value_text

from .console import output, print_files, print_table, progress_output
from .names import known_name
from .options import OUTPUT_PANEL, TRAINING_PANEL, DataDir, Debug, Device, Overwrite, Quiet, Seed
from .progress import Callback, watched
from .runs import checked_device

_FILES = (
    ("table.md", "the table with its notes and sources"),
    ("result.json", "all numbers"),
    ("table.png", "published and reached values"),
    ("curves.png", "the values after each epoch"),
    (RUNS, "one folder per model and seed"),
)


def reproduce(
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Name of a table; see --list.")
    ] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="List the tables and their rows.")] = False,
    scale: Annotated[
        str,
        typer.Option(
            help="smoke (seconds), small (at most about half an hour per model and seed on one "
            "core) or paper (the settings of the paper).",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = "small",
    seeds: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Number of seeds, from --seed on.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = 1,
    seed: Seed = None,
    row: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Row to train; repeat for several. Default: all.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    data_dir: DataDir = None,
    device: Device = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT_PANEL),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train what a paper's table compares; write published, ours and a classical twin.

    Which tables there are:

    [cyan]ketwork reproduce --list[/]

    One of them, three seeds each:

    [cyan]ketwork reproduce qkan-function --seeds 3 --out runs/qkan-function[/]

    Interrupted? The same command again goes on where it stopped; with more --seeds or another
    --row it adds to what is there. Several processes may work in one folder: none does what
    another is doing.
    """
    if listed or table is None:
        given = {"TABLE": table, "--out": out, "--row": row, "--overwrite": overwrite or None}
        _list(quiet, listed, [name for name, value in given.items() if value is not None])
        return
    name = known_name(table, tables.TABLES, "table")
    size = known_name(scale, tables.SCALES, "scale")
    if out is None:
        raise InvalidArgumentError("--out is needed: the folder to write to.")
    chosen = tables.TABLES[name]
    where = checked_device(device)
    chosen.entries(row)
    if overwrite:
        _clear(out)
    console, progress = output(quiet), progress_output(quiet)

    @contextmanager
    def watch(
        label: str, model: nn.Module, *, epochs: int, steps: int, done: int = 0
    ) -> Iterator[Callback]:
        sizes = {"epochs": epochs, "steps": steps, "done": done}
        with watched(progress, label, model, **sizes, part="test") as callback:
            yield callback

    try:
        summary = tables.reproduce(
            chosen,
            out,
            scale=size,  # type: ignore[arg-type]  # one of the keys of SCALES
            seeds=range(seed or 0, (seed or 0) + seeds),
            rows=row,
            data_dir=data_dir,
            device=where,
            watch=watch,
            say=lambda text: progress.print(text, markup=False, soft_wrap=True),
        )
    except KeyboardInterrupt:
        progress.print("Interrupted. The same command again goes on from here.", markup=False)
        raise typer.Exit(130) from None
    print_table(console, f"{chosen.title} (scale: {size})", *lines(summary))
    if size == "smoke":
        console.print(SMOKE, soft_wrap=True)
    print_files(console, out, _FILES)


def _list(quiet: bool, listed: bool, given: list[str]) -> None:
    if not listed:
        raise InvalidArgumentError(
            f"TABLE is needed; one of {', '.join(tables.TABLES)}. `ketwork reproduce --list` says "
            "what they are."
        )
    if given:
        raise InvalidArgumentError(f"--list excludes {given[0]}: leave one out.")
    console = output(quiet)
    for found in tables.TABLES.values():
        console.print(f"\n[bold]{found.name}[/]  {found.title}", soft_wrap=True)
        console.print(f"  [dim]{found.reference}[/]", soft_wrap=True)
        for row in found.rows:
            console.print(f"  {row.name:<18} {_published(found, row)}", soft_wrap=True)


def _published(table: tables.Table, row: tables.Row) -> str:
    published = row.ours.published
    if published is None:
        return row.ours.label
    return f"{row.ours.label}: {value_text(published.value, published.spread, table.metric)}"


def _clear(out: Path) -> None:
    """Removes what an earlier reproduction wrote; a folder of something else stays as it is."""
    if not (out / LABEL).is_file():
        return
    shutil.rmtree(out / RUNS, ignore_errors=True)
    for name in (LABEL, *(name for name, _ in _FILES if name != RUNS)):
        (out / name).unlink(missing_ok=True)
