"""`ketwork predict`: classes of samples from a trained model."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from torch import Tensor

from circuits.errors import InvalidArgumentError
from qml import data as datasets
from qml.data.dataset import PARTS
from qml.training import (
    atomic_write,
    classes,
    confusion_matrix,
    plot_confusion_matrix,
    probabilities,
    write_result,
)
from qml.training import predict as outputs_of
from qml.training.losses import cross_entropy

from . import runs
from .console import output, percent, print_facts, print_files, print_table
from .names import known_name
from .options import DATA_PANEL, OUTPUT_PANEL, DataDir, Debug, Overwrite, Quiet
from .outputs import prepare_folder
from .samples import Samples, read_samples
from .trained import Trained, load_trained

FILES = (
    ("result.json", "accuracy and loss"),
    ("predictions.csv", "class and probabilities of every sample"),
    ("confusion.png", "which class is taken for which"),
)
EXECUTION_PANEL = "Execution"
_SHOWN = 10


def predict(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT",
            help="A model.ckpt, or the folder it is in, of `ketwork train` or `ketwork demo`.",
        ),
    ],
    *,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Data set; its classes must be those of the model.",
            show_default="that of the training",
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Part of the data set: train, val or test.",
            show_default="test",
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    input: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Your own samples instead: .npy, .npz (arrays x and y) or .csv, with values as "
            "in the training data before preprocessing.",
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    data_dir: DataDir = None,
    shots: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Measurements per sample, as on a device without errors.",
            show_default="exact",
            rich_help_panel=EXECUTION_PANEL,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Seed of these measurements.",
            show_default="0",
            rich_help_panel=EXECUTION_PANEL,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Where to compute, e.g. cuda.",
            show_default="cpu",
            rich_help_panel=EXECUTION_PANEL,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder to write predictions and scores to.",
            show_default="print only",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Predict the classes of samples with a trained model.

    Model and preprocessing come from the checkpoint, whose digest is checked; nothing in it is
    executed. The accuracy is printed where labels are known.

    Score the model on the test part of its own data set:

    [cyan]ketwork predict runs/zero-one/model.ckpt[/]

    Predict samples of your own, and write the classes to a table:

    [cyan]ketwork predict runs/iris/model.ckpt --input flowers.csv --out predictions[/]
    """
    if overwrite and out is None:
        raise InvalidArgumentError("--overwrite has no effect without --out; leave it out.")
    if seed is not None and shots is None:
        raise InvalidArgumentError(
            "--seed has no effect without --shots: exact predictions are not random. Leave it out."
        )
    where = runs.checked_device(device)
    trained = load_trained(checkpoint)
    samples, source = _samples(trained, data, part, input, data_dir)
    seed = 0 if seed is None else seed
    model = trained.model if shots is None else trained.measured(shots, seed)
    model.to(where)
    if out is not None:
        prepare_folder(out, [name for name, _ in FILES], overwrite=overwrite)

    begin = time.perf_counter()
    logits = outputs_of(model, trained.inputs(samples.x))
    seconds = time.perf_counter() - begin
    scores = _scores(logits, samples.y)
    console = output(quiet)
    facts = [("Model", f"{trained.settings.model} from {checkpoint}")]
    facts += [("Samples", f"{len(logits)} from {source}")]
    if shots is not None:
        facts += [("Shots", f"{shots} per sample and group of observables")]
    if scores:
        facts += [("Accuracy", percent(scores["accuracy"]))]
    print_facts(console, facts)
    if not scores:
        _print_classes(console, logits, trained.class_names)
    if out is None:
        return
    _write_predictions(out, logits, samples.y, trained.class_names)
    write_result(
        out,
        command="predict",
        checkpoint=str(checkpoint),
        model=trained.settings.model,
        data=source,
        samples=len(logits),
        **scores,
        **({} if shots is None else {"shots": shots, "seed": seed}),
        parameters=trained.model.n_parameters,
        seconds=seconds,
    )
    print_files(console, out, FILES)


def _samples(
    trained: Trained, name: str | None, part: str | None, file: Path | None, data_dir: Path | None
) -> tuple[Samples, str]:
    """The samples to predict, and where they come from."""
    if file is not None:
        for option, value in (("--data", name), ("--part", part)):
            if value is not None:
                raise InvalidArgumentError(
                    f"--input and {option} exclude each other; pass one of them."
                )
        return read_samples(file, trained.pipeline.in_shape, trained.class_names), str(file)
    own = trained.settings
    if name is not None:
        name = known_name(name, datasets.available(), "data set")
        if name != own.data:
            classes = list(trained.class_names)
            own = replace(
                own, data=name, classes=classes, file=None, samples=None, noise=None, limit=None
            )
    part = known_name(part or "test", PARTS, "part")
    dataset = own.load_data(data_dir)
    x, y = getattr(dataset, f"x_{part}"), getattr(dataset, f"y_{part}")
    if dataset.class_names != trained.class_names or dataset.feature_shape != (
        trained.pipeline.in_shape
    ):
        raise InvalidArgumentError(
            f"--data {dataset.name} has samples of shape {dataset.feature_shape} and "
            f"{dataset.n_classes} classes, but the model expects shape "
            f"{trained.pipeline.in_shape} and the classes {', '.join(trained.class_names)}."
        )
    return Samples(x, y), f"the {part} part of {dataset.name}"


def _scores(logits: Tensor, y: Tensor | None) -> dict[str, float]:
    """Accuracy and loss where labels are known."""
    if y is None:
        return {}
    right = (classes(logits) == y).double().mean()
    return {"accuracy": float(right), "loss": float(cross_entropy(logits.double(), y))}


def _print_classes(console: Console, logits: Tensor, names: tuple[str, ...]) -> None:
    best = probabilities(logits.double()).max(dim=1)
    rows = [
        (str(k), names[int(best.indices[k])], percent(float(best.values[k])))
        for k in range(min(_SHOWN, len(logits)))
    ]
    title = "Predictions" if len(logits) <= _SHOWN else f"First {_SHOWN} of {len(logits)}"
    print_table(console, title, ("sample", "class", "probability"), rows)


def _write_predictions(out: Path, logits: Tensor, y: Tensor | None, names: tuple[str, ...]) -> None:
    """Writes `predictions.csv`, and a confusion matrix where labels are known."""
    chances, predicted = probabilities(logits.double()), classes(logits)
    truth = [] if y is None else ["true"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["sample", *truth, "predicted", *(f"p_{name}" for name in names)])
    for k, row in enumerate(chances.tolist()):
        known = [] if y is None else [names[int(y[k])]]
        values = [f"{value:.6f}" for value in row]
        table.writerow([k, *known, names[int(predicted[k])], *values])
    with atomic_write(out / "predictions.csv") as file:
        file.write(text.getvalue().encode())
    if y is not None:
        matrix = confusion_matrix(y, predicted, len(names))
        plot_confusion_matrix(matrix, out / "confusion.png", labels=names)
