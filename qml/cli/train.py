"""`ketwork train`: train a model on a data set."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from circuits.errors import CheckpointError, DataNotFoundError, InvalidArgumentError
from circuits.gradients import DIFF_METHODS
from qml.data import available
from qml.models import MODELS
from qml.training import load_checkpoint

from . import runs
from .console import output, print_facts, print_files, print_next, progress_output
from .names import known_name
from .options import (
    DATA_PANEL,
    MODEL_PANEL,
    OUTPUT_PANEL,
    TRAINING_PANEL,
    DataDir,
    Debug,
    Overwrite,
    Quiet,
    Seed,
)
from .outputs import prepare_folder
from .settings import DTYPES, Settings, require_same, restored

_MODEL_HELP = "Model to train: " + ", ".join(MODELS) + "."
_DATA_HELP = "Data set: " + ", ".join(available()) + "."


def train(
    out: Annotated[
        Path,
        typer.Option(help="Folder for everything that is written.", rich_help_panel=OUTPUT_PANEL),
    ],
    model: Annotated[
        str | None, typer.Option(help=_MODEL_HELP, rich_help_panel=MODEL_PANEL)
    ] = None,
    n_qubits: Annotated[
        int | None,
        typer.Option(min=1, help="Number of qubits.", rich_help_panel=MODEL_PANEL),
    ] = None,
    layers: Annotated[
        int | None,
        typer.Option(min=1, help="Layers of the circuit.", rich_help_panel=MODEL_PANEL),
    ] = None,
    block: Annotated[
        str | None,
        typer.Option(help="Two-qubit block of a qcnn, e.g. SU4.", rich_help_panel=MODEL_PANEL),
    ] = None,
    hidden: Annotated[
        int | None,
        typer.Option(
            min=1, help="Width of the hidden layer of an mlp.", rich_help_panel=MODEL_PANEL
        ),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Measurements per sample, while training too; exact without.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    diff_method: Annotated[
        str | None,
        typer.Option(
            help="How circuits are differentiated: adjoint, backprop, parameter-shift or spsa.",
            show_default="auto",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help=_DATA_HELP, show_default="digits", rich_help_panel=DATA_PANEL),
    ] = None,
    data_dir: DataDir = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Classes to keep, numbers or names, e.g. 0,1.", rich_help_panel=DATA_PANEL
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="At most so many samples in each of the parts train, val and test.",
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            help="Your own file, for --data csv and --data medmnist.", rich_help_panel=DATA_PANEL
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Size of a generated data set.", rich_help_panel=DATA_PANEL),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(min=0.0, help="Noise of a generated data set.", rich_help_panel=DATA_PANEL),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Passes over the training data.",
            show_default="the model's",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Samples per step.",
            show_default="the model's",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of Adam.",
            show_default="the model's",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Stop after so many epochs without a better validation loss, and keep the best.",
            show_default="never",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    seed: Seed = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="float32 or float64.", show_default="float32", rich_help_panel=TRAINING_PANEL
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Where to compute, e.g. cuda.", show_default="cpu", rich_help_panel=TRAINING_PANEL
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue the run in --out where it was interrupted, with its own settings.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = False,
    overwrite: Overwrite = False,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard", help="Write TensorBoard events, too.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a model on a data set, score it on the test part, and write all of it to a folder.

    Two classes of handwritten digits, in a few seconds:

    [cyan]ketwork train --model reupload --data digits --classes 0,1 --out runs/zero-one[/]

    The quantum convolutional network on MNIST, from files you already have:

    [cyan]ketwork train --model qcnn --data mnist --classes 0,1 --data-dir ~/data --out runs/qcnn[/]

    Interrupted? The same result as without the interruption, bit for bit:

    [cyan]ketwork train --resume --out runs/qcnn[/]
    """
    given: dict[str, Any] = {
        "model": model, "n_qubits": n_qubits, "layers": layers, "block": block, "hidden": hidden,
        "shots": shots, "diff_method": diff_method, "data": data, "classes": _split(classes),
        "limit": limit, "file": file, "samples": samples, "noise": noise, "epochs": epochs,
        "batch_size": batch_size, "lr": lr, "patience": patience, "seed": seed, "dtype": dtype,
    }  # fmt: skip
    given = _checked(given)
    settings = _stored(out, given, overwrite) if resume else _chosen(given)
    runs.check_options(settings)
    where = runs.checked_device(device)
    run = runs.prepare(settings, data_dir)
    if not resume:
        hint = "pass --resume to continue, " if (out / "last.ckpt").is_file() else ""
        names = [name for name, _ in runs.FILES]
        prepare_folder(out, names, overwrite=overwrite, remedy=hint)
    console, progress = output(quiet), progress_output(quiet)
    print_facts(console, runs.facts(run))
    try:
        result = runs.execute(
            run, progress, out=out, device=where, resume=resume, tensorboard=tensorboard
        )
    except KeyboardInterrupt:
        command = f"ketwork train --resume --out {shlex.quote(str(out))}"
        progress.print(f"Interrupted. Continue with:  {command}", markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    scores = runs.report(run, result, out)
    print_facts(console, runs.outcome(run, result, scores))
    print_files(console, out, runs.FILES)
    print_next(console, [f"ketwork predict {shlex.quote(str(out / 'model.ckpt'))}"])


def _split(classes: str | None) -> list[str] | None:
    return None if classes is None else [name.strip() for name in classes.split(",")]


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    """Replaces mistyped-but-clear names by the real ones, and raises for unknown names."""
    tables = {
        "model": (MODELS, "model"),
        "data": (available(), "data set"),
        "dtype": (DTYPES, "dtype"),
        "diff_method": (DIFF_METHODS, "method of differentiation"),
    }
    named = {
        name: known_name(given[name], table, what)
        for name, (table, what) in tables.items()
        if given[name] is not None
    }
    return given | named


def _chosen(given: dict[str, Any]) -> Settings:
    """Settings of a new run: what was given, else the model's defaults."""
    if given["model"] is None:
        raise InvalidArgumentError(
            f"--model is needed; one of {', '.join(MODELS)}. For example: "
            "ketwork train --model reupload --data digits --classes 0,1 --out runs/first"
        )
    defaults = {"data": "digits", **runs.training_defaults(given["model"])}
    return Settings(**defaults | {k: v for k, v in given.items() if v is not None})


def _stored(out: Path, given: dict[str, Any], overwrite: bool) -> Settings:
    """Settings of the run to resume."""
    if overwrite:
        raise InvalidArgumentError("--resume and --overwrite exclude each other; pass one of them.")
    last = out / "last.ckpt"
    if not last.is_file():
        raise DataNotFoundError(
            f"--resume: there is no {last}. Pass the --out of the run to continue, or start a new "
            "run without --resume."
        )
    settings = restored(load_checkpoint(last).metadata.get("settings"))
    if settings.model not in MODELS:
        raise CheckpointError(f"{last}: this version has no model {settings.model!r}.")
    require_same(settings, given)
    return settings
