"""One training run: from settings to a trained model, a checkpoint, pictures and a result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import nn

from circuits import Circuit
from circuits.errors import InvalidArgumentError
from qml import QuantumLayer
from qml.data import DataSet, FittedPipeline
from qml.models import MODELS, spec_of
from qml.models.base import AbstractQuantumModel
from qml.training import (
    Evaluation,
    TrainResult,
    classes,
    confusion_matrix,
    evaluate,
    fit,
    plot_confusion_matrix,
    plot_history,
    predict,
    write_result,
)

from .console import percent
from .pictures import save_circuit
from .progress import watched
from .settings import CIRCUIT_OPTIONS, DTYPES, MODEL_OPTIONS, Settings, flag

FILES = (
    ("result.json", "numbers of the run"),
    ("model.ckpt", "the trained model with its preprocessing"),
    ("last.ckpt", "state of the run, to continue it with --resume"),
    ("metrics.jsonl", "loss and accuracy of every epoch"),
    ("curves.png", "the same as a picture"),
    ("confusion.png", "which class is taken for which (test part)"),
    ("circuit.png", "the circuit"),
    ("circuit.txt", "the circuit as text"),
    ("tensorboard", "events; view with: tensorboard --logdir"),
)


@dataclass(frozen=True)
class Run:
    """A model and its data, ready to train.

    Args:
        settings: What decides the run.
        dataset: The data set, preprocessed.
        pipeline: The preprocessing, fitted on the training part.
        model: The model, with its initial weights.
    """

    settings: Settings
    dataset: DataSet
    pipeline: FittedPipeline
    model: nn.Module

    @property
    def circuits(self) -> list[Circuit]:
        """The circuits in the model."""
        return circuits_of(self.model)

    def metadata(self) -> dict[str, Any]:
        """What a checkpoint needs to rebuild model and preprocessing, and to resume."""
        return {
            "settings": self.settings.as_dict(),
            "model": spec_of(self.model),
            "preprocessing": self.pipeline.state_dict(),
            "class_names": list(self.dataset.class_names),
        }


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds torch's default generators inside the block and puts them back afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def facts(run: Run) -> list[tuple[str, str]]:
    """What is trained on what, as lines to print."""
    dataset, own = run.dataset, run.settings
    sizes = f"{len(dataset.x_train)} training, {len(dataset.x_val)} validation and "
    sizes += f"{len(dataset.x_test)} test samples of {dataset.n_classes} classes"
    steps = " > ".join(step.kind for step in run.pipeline.steps)
    inputs = f"{steps} > {dataset.n_features} features"
    parameters = sum(p.numel() for p in run.model.parameters())
    model = f"{own.model}, {parameters} parameters"
    if run.circuits:
        sizes_of = circuit_numbers(run.circuits)
        model += (
            f" ({sizes_of['circuit_parameters']} in a circuit of {sizes_of['n_qubits']} qubits, "
            f"depth {sizes_of['depth']})"
        )
    return [("Data", f"{own.data}: {sizes}"), ("Input", inputs), ("Model", model)]


def outcome(run: Run, result: TrainResult, scores: Evaluation) -> list[tuple[str, str]]:
    """What came out, as lines to print."""
    final = result.final
    epochs = f"{len(result.history)} epochs in {result.seconds:.1f} s"
    if result.restored:
        epochs += f", weights of the best epoch {result.best_epoch}"
    accuracies = [
        f"{part} {percent(value)}"
        for part, value in (
            ("test", scores.accuracy),
            ("validation", final.val_accuracy),
            ("training", final.train_accuracy),
        )
        if value is not None
    ]
    return [("Trained", epochs), ("Accuracy", ", ".join(accuracies))]


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


def prepare(settings: Settings, data_dir: Path | None) -> Run:
    """Loads and preprocesses the data, and builds the model.

    Args:
        settings: What decides the run.
        data_dir: Folder with the files of the data set, where it has some.

    Returns:
        The run, with weights that depend on the seed alone.
    """
    record = MODELS[settings.model]
    raw = settings.load_data(data_dir)
    dataset, pipeline = raw.preprocess(record.pipeline(raw.feature_shape))
    options = settings.model_options
    if settings.diff_method is not None:
        options["diff_method"] = settings.diff_method
    if settings.shots is not None:
        options["shots"] = settings.shots
        options["generator"] = torch.Generator().manual_seed(settings.seed)
    with seeded(settings.seed):
        model = record.build(dataset.n_features, dataset.n_classes, **options)
    return Run(settings, dataset, pipeline, model)


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
    resume: bool = False,
    tensorboard: bool = False,
) -> TrainResult:
    """Trains, writing checkpoints and metrics as it goes.

    Args:
        run: Model and data; the model is trained in place.
        console: Where progress is shown.
        label: Name of the model beside the progress; default that in the settings.
        out: An existing folder to write to; nothing is written without.
        device: Where to train; None means where the model is.
        resume: Whether to continue from the checkpoint in `out`.
        tensorboard: Whether to write TensorBoard events, too.

    Returns:
        The history of the run.
    """
    own, dataset = run.settings, run.dataset
    steps = -(-len(dataset.x_train) // own.batch_size)
    label = label or own.model
    with watched(console, label, run.model, epochs=own.epochs, steps=steps) as callback:
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
            resume=resume,
            metadata={} if out is None else run.metadata(),
            tensorboard=tensorboard,
            callbacks=[callback],
            progress=False,
        )


def report(run: Run, result: TrainResult, out: Path) -> Evaluation:
    """Scores the trained model on the test part, and writes `result.json` and the pictures.

    Args:
        run: Trained model and data.
        result: Its history.
        out: The folder.

    Returns:
        The scores on the test part.
    """
    own = run.settings
    scores = score(run)
    summary = {key: value for key, value in result.summary().items() if key != "lr"}
    write_result(
        out,
        command="train",
        model=own.model,
        data=own.data,
        **numbers(run, scores),
        **summary,
    )
    save_pictures(run, out)
    plot_history(result, out / "curves.png", title=f"{own.model} on {own.data}")
    return scores


def score(run: Run, model: nn.Module | None = None) -> Evaluation:
    """Scores on the test part of the run's data: of its model, or of another one."""
    x_test = run.dataset.x_test.to(DTYPES[run.settings.dtype])
    return evaluate(model or run.model, x_test, run.dataset.y_test)


def numbers(run: Run, scores: Evaluation) -> dict[str, Any]:
    """Scores and sizes under the plain names of `result.json`."""
    dataset = run.dataset
    return {
        "accuracy": scores.accuracy,
        "loss": scores.loss,
        "classes": list(dataset.class_names),
        "train_samples": len(dataset.x_train),
        "val_samples": len(dataset.x_val),
        "test_samples": scores.samples,
        **circuit_numbers(run.circuits),
    }


def save_pictures(run: Run, out: Path) -> None:
    """Writes the confusion matrix of the test part, and the circuit, where there is one."""
    dataset = run.dataset
    predicted = classes(predict(run.model, dataset.x_test.to(DTYPES[run.settings.dtype])))
    matrix = confusion_matrix(dataset.y_test, predicted, dataset.n_classes)
    plot_confusion_matrix(matrix, out / "confusion.png", labels=dataset.class_names)
    for circuit in run.circuits[:1]:
        save_circuit(circuit, out)


def circuits_of(model: nn.Module) -> list[Circuit]:
    """The circuits of all quantum layers in a model, in order."""
    return [m.circuit for m in model.modules() if isinstance(m, QuantumLayer)]


def circuit_numbers(circuits: list[Circuit]) -> dict[str, int]:
    """Sizes of the first circuit under plain names; nothing without one."""
    if not circuits:
        return {}
    circuit = circuits[0]
    two_qubit = sum(len(op.qubits) == 2 for op in circuit.ops)
    return {
        "n_qubits": circuit.n_qubits,
        "depth": circuit.depth(),
        "gates": len(circuit.ops),
        "two_qubit_gates": two_qubit,
        "circuit_parameters": sum(group.size for group in circuit.weight_groups),
    }
