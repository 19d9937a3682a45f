"""The options of `ketwork train`, one declaration each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qml.data import REGISTRY
from qml.models import MODELS

from .backends import HELP as BACKENDS
from .options import DATA_PANEL, MODEL_PANEL, OUTPUT_PANEL, TRAINING_PANEL


def _data_help() -> str:
    """Lists the data sets by where they come from."""
    places = {
        "embedded": "",
        "generated": "generated: ",
        "directory": "from files in --data-dir: ",
        "file": "from your own --file: ",
    }
    kinds = {
        kind: ", ".join(name for name, record in REGISTRY.items() if record.kind == kind)
        for kind in places
    }
    return "Data set: " + "; ".join(f"{places[kind]}{names}" for kind, names in kinds.items()) + "."


_MODEL_HELP = "; ".join(f"{name}: {record.description}" for name, record in MODELS.items()) + "."

Model = Annotated[
    str | None, typer.Option(metavar="NAME", help=_MODEL_HELP, rich_help_panel=MODEL_PANEL)
]
Qubits = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Number of qubits.",
        show_default="the model's",
        rich_help_panel=MODEL_PANEL,
    ),
]
Layers = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Layers of the circuit of reupload and hybrid.",
        show_default="the model's",
        rich_help_panel=MODEL_PANEL,
    ),
]
Block = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Two-qubit block of qcnn.",
        show_default="SU4",
        rich_help_panel=MODEL_PANEL,
    ),
]
Hidden = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Width of the hidden layer of mlp.",
        show_default="the model's",
        rich_help_panel=MODEL_PANEL,
    ),
]
Shots = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Measurements per sample, while training too.",
        show_default="exact",
        rich_help_panel=MODEL_PANEL,
    ),
]
DiffMethod = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How circuits are differentiated: adjoint, backprop, parameter-shift or spsa.",
        show_default="auto",
        rich_help_panel=MODEL_PANEL,
    ),
]
BackendName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=BACKENDS,
        show_default="our simulator",
        rich_help_panel=MODEL_PANEL,
    ),
]
BudgetSeconds = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Machine time that the whole run may spend, resumed parts included; it stops before.",
        show_default="no limit",
        rich_help_panel=MODEL_PANEL,
    ),
]
DataName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=_data_help(), show_default="digits", rich_help_panel=DATA_PANEL
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help="Classes to keep, as numbers or names, e.g. 0,1.",
        show_default="all",
        rich_help_panel=DATA_PANEL,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="At most so many samples in each of the parts train, val and test.",
        rich_help_panel=DATA_PANEL,
    ),
]
DataFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Your own file, for csv and medmnist.", rich_help_panel=DATA_PANEL
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Number of samples of a generated data set.",
        rich_help_panel=DATA_PANEL,
    ),
]
Noise = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="X",
        help="Standard deviation of the noise of a generated data set.",
        rich_help_panel=DATA_PANEL,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Passes over the training data.",
        show_default="the model's",
        rich_help_panel=TRAINING_PANEL,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Samples per step.",
        show_default="the model's",
        rich_help_panel=TRAINING_PANEL,
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="Learning rate of Adam.",
        show_default="the model's",
        rich_help_panel=TRAINING_PANEL,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Stop after so many epochs without a better validation loss; keep the best.",
        show_default="never",
        rich_help_panel=TRAINING_PANEL,
    ),
]
DtypeName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="float32 or float64.",
        show_default="float32",
        rich_help_panel=TRAINING_PANEL,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue the run in --out where it was interrupted, with its own settings.",
        rich_help_panel=TRAINING_PANEL,
    ),
]
OutFolder = Annotated[
    Path,
    typer.Option(
        metavar="DIR", help="Folder for everything that is written.", rich_help_panel=OUTPUT_PANEL
    ),
]
Tensorboard = Annotated[
    bool,
    typer.Option(
        "--tensorboard", help="Write TensorBoard events, too.", rich_help_panel=OUTPUT_PANEL
    ),
]
