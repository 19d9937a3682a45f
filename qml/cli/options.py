"""Options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DATA_PANEL = "Data"
MODEL_PANEL = "Model"
TRAINING_PANEL = "Training"
OUTPUT_PANEL = "Output"

_DEBUG = "ketwork.debug"


def debugging(context: typer.Context) -> bool:
    """Whether `--debug` was given to the command that runs in this context."""
    return bool(context.meta.get(_DEBUG, False))


def _note_debug(context: typer.Context, value: bool) -> None:
    context.meta[_DEBUG] = value or debugging(context)


Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Seed of everything random; the same seed repeats the run exactly.",
        show_default="0",
        rich_help_panel=TRAINING_PANEL,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder with the files of mnist, eurosat and others; nothing is ever downloaded.",
        envvar="KETWORK_DATA",
        show_envvar=True,
        show_default=False,
        rich_help_panel=DATA_PANEL,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where to compute, e.g. cuda.",
        show_default="cpu",
        rich_help_panel=TRAINING_PANEL,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace the files of an earlier run in --out.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=OUTPUT_PANEL),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show the full traceback of an error.",
        callback=_note_debug,
        rich_help_panel=OUTPUT_PANEL,
    ),
]
