"""`ketwork train`: train a model on a data set."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Any

import typer

from circuits.errors import (
    CheckpointError,
    DataNotFoundError,
    InvalidArgumentError,
    JobError,
)
from circuits.gradients import DIFF_METHODS
from qml.data import available
from qml.models import MODELS
from qml.training import load_checkpoint

from . import reports, runs
from .console import output, print_facts, print_files, print_next, progress_output
from .names import known_name
from .options import DataDir, Debug, Device, Overwrite, Quiet, Seed
from .outputs import prepare_folder
from .settings import DTYPES, Settings, require_same, restored
from .train_options import (
    BackendName,
    BatchSize,
    Block,
    BudgetSeconds,
    Classes,
    DataFile,
    DataName,
    DiffMethod,
    DtypeName,
    Epochs,
    Hidden,
    Layers,
    LearningRate,
    Limit,
    Model,
    Noise,
    OutFolder,
    Patience,
    Qubits,
    Resume,
    Samples,
    Shots,
    Tensorboard,
)


def train(
    *,
    model: Model = None,
    n_qubits: Qubits = None,
    layers: Layers = None,
    block: Block = None,
    hidden: Hidden = None,
    shots: Shots = None,
    diff_method: DiffMethod = None,
    backend: BackendName = None,
    budget: BudgetSeconds = None,
    data: DataName = None,
    data_dir: DataDir = None,
    classes: Classes = None,
    limit: Limit = None,
    file: DataFile = None,
    samples: Samples = None,
    noise: Noise = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: LearningRate = None,
    patience: Patience = None,
    seed: Seed = None,
    dtype: DtypeName = None,
    device: Device = None,
    resume: Resume = False,
    out: OutFolder,
    overwrite: Overwrite = False,
    tensorboard: Tensorboard = False,
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

    On a machine of IBM's, one job for each step; an interrupted run takes its jobs up again:

    [cyan]ketwork train --model reupload --data iris --backend ibm:ibm_boston --shots 999 --out a[/]
    """
    given: dict[str, Any] = {
        "model": model, "n_qubits": n_qubits, "layers": layers, "block": block, "hidden": hidden,
        "shots": shots, "diff_method": diff_method, "backend": backend, "data": data,
        "classes": _split(classes), "limit": limit, "file": file, "samples": samples,
        "noise": noise, "epochs": epochs, "batch_size": batch_size, "lr": lr,
        "patience": patience, "seed": seed, "dtype": dtype,
    }  # fmt: skip
    given = _checked(given)
    if resume:
        settings, done, name = _stored(out, given, overwrite)
    else:
        settings, done, name = _chosen(given), None, None
    runs.check_options(settings)
    where = runs.checked_device(device)
    run = runs.prepare(settings, data_dir, name=name, budget=budget, say=not quiet)
    if not resume:
        hint = "pass --resume to continue, " if (out / "last.ckpt").is_file() else ""
        names = [name for name, _ in reports.FILES]
        prepare_folder(out, names, overwrite=overwrite, remedy=hint)
    console, progress = output(quiet), progress_output(quiet)
    print_facts(console, reports.facts(run))
    if done is not None:
        print_facts(console, [("Resumed", f"after {done} of {settings.epochs} epochs")])
    try:
        result = runs.execute(
            run, progress, out=out, device=where, done=done, tensorboard=tensorboard
        )
        scores = reports.report(run, result, out)
    except (KeyboardInterrupt, JobError) as error:
        command = f"ketwork train --resume --out {shlex.quote(str(out))}"
        progress.print(f"Interrupted. Continue with:  {command}", markup=False, soft_wrap=True)
        if isinstance(error, JobError):
            raise
        raise typer.Exit(130) from None
    print_facts(console, reports.outcome(run, result, scores))
    print_files(console, out, reports.FILES)
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
    lr = given["lr"]
    if lr is not None and not 0 < lr < math.inf:
        raise InvalidArgumentError(f"--lr must be a positive finite number, but received {lr}.")
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


def _stored(
    out: Path, given: dict[str, Any], overwrite: bool
) -> tuple[Settings, int | None, str | None]:
    """Settings of the run to resume, the number of its finished epochs, and its name."""
    if overwrite:
        raise InvalidArgumentError("--resume and --overwrite exclude each other; pass one of them.")
    last = out / "last.ckpt"
    if not last.is_file():
        raise DataNotFoundError(
            f"--resume: there is no {last}. Pass the --out of the run to continue, or start a new "
            "run without --resume."
        )
    checkpoint = load_checkpoint(last)
    settings = restored(checkpoint.metadata.get("settings"), last)
    if settings.model not in MODELS:
        raise CheckpointError(f"{last}: this version has no model {settings.model!r}.")
    require_same(settings, given)
    history = (checkpoint.training or {}).get("history")
    name = checkpoint.metadata.get("run")
    done = len(history) if isinstance(history, list) else 0
    return settings, done, name if isinstance(name, str) else None
