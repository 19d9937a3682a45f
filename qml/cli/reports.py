"""What a training run says about itself: lines to print, `result.json`, pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import Circuit
from qml.models import MODELS
from qml.training import (
    Evaluation,
    TrainResult,
    classes,
    confusion_matrix,
    evaluate,
    plot_confusion_matrix,
    plot_history,
    predict,
    write_result,
)

from .console import percent
from .pictures import save_circuit
from .runs import Run
from .settings import DTYPES

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


def facts(run: Run) -> list[tuple[str, str]]:
    """What is trained on what, as lines to print."""
    dataset, own = run.dataset, run.settings
    sizes = f"{len(dataset.x_train)} training, {len(dataset.x_val)} validation and "
    sizes += f"{len(dataset.x_test)} test samples of {dataset.n_classes} classes"
    steps = [
        type(step).__name__ for step in MODELS[own.model].pipeline(run.pipeline.in_shape).steps
    ]
    inputs = f"{dataset.n_features} features of each sample, by {', '.join(steps)}"
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
    count = len(result.history)
    epochs = f"{count} epoch{'s' if count > 1 else ''} in {result.seconds:.1f} s"
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
    run = replace(run, model=Remembered(run.model))
    run.name_jobs(0, 0)
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


@final
class Remembered(nn.Module):
    """A model that computes each batch once: a machine is not asked the same twice."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._known: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        """The model's outputs."""
        for known, before in self._known:
            if torch.equal(known, x):
                return before
        outputs: Tensor = self.model(x)
        self._known.append((x, outputs))
        return outputs


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
