"""What one step of training, or of prediction, asks of a machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from circuits import Backend, Request
from circuits.cost import Recorder
from circuits.errors import DataNotFoundError, InvalidArgumentError
from qml import QuantumLayer
from qml.data import DataSet
from qml.models import MODELS

from . import runs
from .names import known_name
from .settings import Settings
from .trained import load_trained

PREDICT = "none"
GRADIENTS = ("parameter-shift", "spsa", PREDICT)
"""How a machine gives gradients; with `none` there is no training, only prediction."""


@dataclass(frozen=True)
class Workload:
    """A model and what a step asks for.

    Args:
        name: What to call it.
        settings: What it is trained with.
        calls: The requests of each call of a backend in one step.
        batch_size: Samples in a step.
        gradient: One of `GRADIENTS`.
        steps: How many steps.
        weights: Trainable numbers of its circuits.
        n_qubits: Of its largest circuit.
    """

    name: str
    settings: Settings
    calls: tuple[tuple[Request, ...], ...]
    batch_size: int
    gradient: str
    steps: int
    weights: int
    n_qubits: int


def workload(
    source: str,
    data: str | None,
    data_dir: Path | None,
    *,
    batch_size: int | None,
    steps: int | None,
    shots: int,
    gradient: str,
    options: dict[str, int | None],
) -> Workload:
    """The requests of a step: made by running one on a backend that computes nothing.

    Args:
        source: Name of a model, a checkpoint, or the folder of a run.
        data: Name of a data set, for a model's name; its sizes decide the model's.
        data_dir: Folder with the files of the data set, where it has some.
        batch_size: Samples in a step; `None` is what the model is trained with.
        steps: Number of steps; `None` is a whole training, or one pass over the test part.
        shots: Of each circuit.
        gradient: One of `GRADIENTS`.
        options: Options of the model, by name.

    Raises:
        InvalidArgumentError: If there is no such model, or it holds no circuit.
    """
    path = Path(source)
    if path.exists() or path.suffix == ".ckpt":
        settings, model, dataset, inputs = _saved(path, data, data_dir, options)
    else:
        settings, model, dataset, inputs = _fresh(source, data, data_dir, options)
    layers = [m for m in model.modules() if isinstance(m, QuantumLayer)]
    if not layers:
        raise InvalidArgumentError(
            f"The model {settings.model} runs no circuit on a backend, so it costs nothing there."
        )
    training = gradient != PREDICT
    size = min(batch_size or settings.batch_size, len(inputs))
    recorder = Recorder()
    moved = _moved(model, recorder, shots, gradient)
    with torch.set_grad_enabled(training):
        logits = moved.train(training)(inputs[:size])
        if training:
            logits.sum().backward()
    part = dataset.x_train if training else dataset.x_test
    passes = settings.epochs if training else 1
    return Workload(
        settings.model if not path.exists() else f"{settings.model} from {path}",
        settings,
        tuple(tuple(call) for call in recorder.calls),
        size,
        gradient,
        steps or passes * -(-len(part) // size),
        sum(p.numel() for layer in layers for p in layer.parameters()),
        max(layer.circuit.n_qubits for layer in layers),
    )


def _saved(
    path: Path, data: str | None, data_dir: Path | None, options: dict[str, int | None]
) -> tuple[Settings, nn.Module, DataSet, Tensor]:
    given = [name for name, value in {"data": data, **options}.items() if value is not None]
    if given:
        raise InvalidArgumentError(
            f"--{given[0].replace('_', '-')} has no effect on a saved run, which has its own; "
            "leave it out."
        )
    if not path.exists():
        raise DataNotFoundError(f"There is no file {path}.")
    trained = load_trained(path)
    dataset = trained.settings.load_data(data_dir)
    return trained.settings, trained.model, dataset, trained.inputs(dataset.x_train)


def _fresh(
    source: str, data: str | None, data_dir: Path | None, options: dict[str, int | None]
) -> tuple[Settings, nn.Module, DataSet, Tensor]:
    name = known_name(source, MODELS, "model (nor a file)")
    defaults = {"data": "digits", **runs.training_defaults(name)}
    given = {"model": name, "data": data, **options}
    settings = Settings(**defaults | {k: v for k, v in given.items() if v is not None})
    runs.check_options(settings)
    run = runs.prepare(settings, data_dir)
    return settings, run.model, run.dataset, run.dataset.x_train


def _moved(model: nn.Module, backend: Backend, shots: int, gradient: str) -> nn.Module:
    """The model with every circuit on a backend."""
    method = "auto" if gradient == PREDICT else gradient
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, QuantumLayer):
                layer = child.with_backend(backend, shots=shots, diff_method=method, generator=0)
                setattr(module, name, layer)
    return model
