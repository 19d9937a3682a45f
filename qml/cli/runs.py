"""One training run: from settings to a trained model, a checkpoint, pictures and a result."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import nn

from circuits import Circuit
from circuits.cost import Budget
from circuits.errors import InvalidArgumentError
from qml import QuantumLayer
from qml.data import DataSet, FittedPipeline
from qml.models import MODELS, spec_of
from qml.models.base import AbstractQuantumModel
from qml.training import TrainResult, fit
from qml.training.randomness import seeded

from .backends import backend_named, place_of
from .names import flag
from .progress import watched
from .settings import CIRCUIT_OPTIONS, DTYPES, MODEL_OPTIONS, Settings

CHECKPOINT_SECONDS = 5.0
"""Between checkpoints within an epoch, where steps are jobs on other machines or simulators."""


@dataclass(frozen=True)
class Run:
    """A model and its data, ready to train.

    Args:
        settings: What decides the run.
        dataset: The data set, preprocessed.
        pipeline: The preprocessing, fitted on the training part.
        model: The model, with its initial weights.
        name: Unique name, by which jobs on machines are found again.
        backend: Where its circuits run; None is our simulator.
    """

    settings: Settings
    dataset: DataSet
    pipeline: FittedPipeline
    model: nn.Module
    name: str = ""
    backend: Any = None

    @property
    def circuits(self) -> list[Circuit]:
        """The circuits in the model."""
        return circuits_of(self.model)

    def name_jobs(self, epoch: int, step: int) -> None:
        """Names the jobs that follow, so that an interrupted run finds them again.

        Args:
            epoch: Counted from 1; 0 is what comes after the training.
            step: Counted from 1; 0 scores the epoch.
        """
        if self.settings.backend is not None and place_of(self.settings.backend).jobs:
            self.backend.name_jobs(f"{self.name} epoch {epoch} step {step}")

    def metadata(self) -> dict[str, Any]:
        """What a checkpoint needs to rebuild model and preprocessing, and to resume."""
        return {
            "settings": self.settings.as_dict(),
            "run": self.name,
            "model": spec_of(self.model),
            "preprocessing": self.pipeline.state_dict(),
            "class_names": list(self.dataset.class_names),
        }


def training_defaults(model: str) -> dict[str, Any]:
    """The settings that suit a model, unless the user chooses others."""
    return dict(MODELS[model].training)


def options_of(model: str) -> list[str]:
    """Names of the settings that have an effect on a model."""
    record = MODELS[model]
    quantum = isinstance(record.factory, type) and issubclass(record.factory, AbstractQuantumModel)
    own = [name for name in MODEL_OPTIONS if name in record.option_names]
    return [*own, *(CIRCUIT_OPTIONS if quantum else ())]


def check_options(settings: Settings) -> None:
    """Raises InvalidArgumentError for options that have no effect on the chosen model."""
    own = options_of(settings.model)
    for name in (*MODEL_OPTIONS, *CIRCUIT_OPTIONS):
        if getattr(settings, name) is not None and name not in own:
            having = ", ".join(model for model in MODELS if name in options_of(model))
            raise InvalidArgumentError(
                f"{flag(name)} has no effect on the model {settings.model}; it is an option of "
                f"{having}. Options of {settings.model}: {', '.join(map(flag, own))}."
            )


def prepare(
    settings: Settings,
    data_dir: Path | None,
    *,
    name: str | None = None,
    budget: float | None = None,
    say: bool = False,
) -> Run:
    """Loads and preprocesses the data, and builds the model.

    Args:
        settings: What decides the run.
        data_dir: Folder with the files of the data set, where it has some.
        name: Name of the run; None makes a new one.
        budget: Seconds of machine time that the run may spend.
        say: Whether waits for jobs are told on standard error.

    Returns:
        The run, with weights that depend on the seed alone.
    """
    record = MODELS[settings.model]
    raw = settings.load_data(data_dir)
    dataset, pipeline = raw.preprocess(record.pipeline(raw.feature_shape))
    options = settings.model_options
    if settings.diff_method is not None:
        options["diff_method"] = settings.diff_method
    name = name or uuid.uuid4().hex[:12]
    backend = None
    if settings.backend is not None:
        spend = None if budget is None else Budget(budget, name=f"train {name}")
        backend = backend_named(settings.backend, settings.shots, budget=spend, say=say)
        options["backend"] = backend
    elif budget is not None:
        raise InvalidArgumentError("--budget has no effect without --backend; leave it out.")
    if settings.shots is not None:
        options["shots"] = settings.shots
        if settings.backend is None or place_of(settings.backend).seeded:
            options["generator"] = torch.Generator().manual_seed(settings.seed)
    with seeded(settings.seed):
        model = record.build(dataset.n_features, dataset.n_classes, **options)
    return Run(settings, dataset, pipeline, model, name, backend)


def checked_device(name: str | None) -> torch.device | None:
    """The device of that name, if this machine has it."""
    if name is None:
        return None
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        found = ["cpu", *(f"cuda:{k}" for k in range(torch.cuda.device_count()))]
        raise InvalidArgumentError(
            f"--device {name} is not available; this machine has {', '.join(found)}."
        ) from error
    return device


def execute(
    run: Run,
    console: Console,
    *,
    label: str | None = None,
    out: Path | None = None,
    device: torch.device | None = None,
    done: int | None = None,
    tensorboard: bool = False,
) -> TrainResult:
    """Trains, writing checkpoints and metrics as it goes.

    Args:
        run: Model and data; the model is trained in place.
        console: Where progress is shown.
        label: Name of the model beside the progress; default that in the settings.
        out: An existing folder to write to; nothing is written without.
        device: Where to train; None means where the model is.
        done: Epochs of the run in `out` that is to be continued; None starts a new run.
        tensorboard: Whether to write TensorBoard events, too.

    Returns:
        The history of the run.
    """
    own, dataset = run.settings, run.dataset
    steps = -(-len(dataset.x_train) // own.batch_size)
    label = label or own.model
    bar = watched(console, label, run.model, epochs=own.epochs, steps=steps, done=done or 0)
    with seeded(own.seed), bar as callback:
        return fit(
            run.model,
            (dataset.x_train, dataset.y_train),
            (dataset.x_val, dataset.y_val) if len(dataset.x_val) else None,
            epochs=own.epochs,
            batch_size=own.batch_size,
            lr=own.lr,
            scheduler=own.scheduler,
            patience=own.patience,
            seed=own.seed,
            dtype=DTYPES[own.dtype],
            device=device,
            out=out,
            resume=done is not None,
            metadata={} if out is None else run.metadata(),
            tensorboard=tensorboard,
            callbacks=[callback],
            progress=False,
            checkpoint_seconds=None if out is None or run.backend is None else CHECKPOINT_SECONDS,
            before_step=run.name_jobs,
        )


def circuits_of(model: nn.Module) -> list[Circuit]:
    """The circuits of all quantum layers in a model, in order."""
    return [m.circuit for m in model.modules() if isinstance(m, QuantumLayer)]
