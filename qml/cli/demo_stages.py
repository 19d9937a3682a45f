"""The stages of `ketwork demo`: each takes what the former ones left, and returns its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from circuits.errors import MissingDependencyError
from noise import PauliTransfer
from qml.models import HybridClassifier
from qml.training import classes, predict, probabilities
from qml.training.randomness import seeded

from . import reports, runs
from .console import percent, print_table
from .mitigate_plots import extrapolations, save_extrapolation, save_values
from .mitigate_report import COLUMNS, rows_of
from .mitigate_runs import compare as mitigated
from .mitigate_sources import job_from_model
from .mitigation_methods import Choices
from .noise_source import noise_source
from .pictures import save_runs, save_samples
from .settings import DTYPES
from .trained import measured

FILES = (
    ("result.json", "all numbers"),
    ("curves.png", "loss and accuracy of the three networks while they train"),
    ("confusion.png", "which digit is taken for which"),
    ("digits.png", "test digits with what the hybrid takes them for"),
    ("noise.png", "values of its circuit on a noisy device, with and without mitigation"),
    ("extrapolation.png", "how zero-noise extrapolation finds the values of one digit"),
    ("circuit.png", "the circuit in the hybrid"),
    ("circuit.txt", "the same as text"),
    ("model.ckpt", "the trained hybrid with its preprocessing"),
    ("last.ckpt", "state of its training run"),
    ("metrics.jsonl", "its loss and accuracy after every epoch"),
)

_HYBRID, _TWIN, _IDENTITY = "hybrid", "classical twin", "without circuit"
_SHOTS = (1000, 100, 10)
_WRONG, _SHOWN = 8, 24
_DEVICE, _NOISY = "FakeTorontoV2", 100
_MITIGATIONS = ("readout", "zne", "readout+zne")


@dataclass
class Demo:
    """What the stages share.

    Args:
        run: The hybrid and its data.
        out: The folder.
        console: Where results are printed.
        progress: Where progress is shown.
    """

    run: runs.Run
    out: Path
    console: Console
    progress: Console

    @property
    def hybrid(self) -> HybridClassifier:
        """The hybrid, trained after the first stage."""
        assert isinstance(self.run.model, HybridClassifier)
        return self.run.model


Stage = Callable[[Demo], Mapping[str, Any]]


def compare(demo: Demo) -> dict[str, Any]:
    """Trains the hybrid, its classical twin, and itself without the circuit; all alike."""
    with seeded(demo.run.settings.seed):
        contenders = {
            _HYBRID: demo.run,
            _TWIN: replace(demo.run, model=demo.hybrid.classical_twin()),
            _IDENTITY: replace(demo.run, model=demo.hybrid.without_circuit()),
        }
    results, rows, table = {}, [], {}
    for name, run in contenders.items():
        folder = demo.out if name == _HYBRID else None
        result = runs.execute(run, demo.progress, label=f"{name:<15}", out=folder)
        scores = reports.score(run)
        assert scores.accuracy is not None
        parameters = result.parameters
        results[name] = result
        table[name.replace(" ", "_")] = {
            "accuracy": scores.accuracy,
            "loss": scores.loss,
            "parameters": parameters,
            "seconds": result.seconds,
        }
        accuracy = percent(scores.accuracy, scores.samples)
        rows.append((name, accuracy, str(parameters), f"{result.seconds:.1f}"))
        if name == _HYBRID:
            main = reports.numbers(run, scores) | result.summary()
    print_table(
        demo.console,
        f"Accuracy on {main['test_samples']} digits that no network has seen (± standard error)",
        ("network", "test accuracy", "parameters", "seconds"),
        rows,
    )
    save_runs(results, demo.out / "curves.png")
    reports.save_pictures(demo.run, demo.out)
    _draw_digits(demo)
    return {key: value for key, value in main.items() if key != "lr"} | {"networks": table}


def measure(demo: Demo) -> dict[str, Any]:
    """Scores the hybrid with a finite number of measurements per sample."""
    exact = reports.score(demo.run).accuracy
    assert exact is not None
    accuracies: dict[int, float] = {}
    for shots in _SHOTS:
        model = measured(demo.hybrid, shots, demo.run.settings.seed)
        accuracies[shots] = reports.score(demo.run, model).accuracy or 0.0
    print_table(
        demo.console,
        "The trained hybrid, its circuit measured as on a device without errors",
        ("measurements per digit", "test accuracy"),
        [("exact", percent(exact))]
        + [(str(shots), percent(value)) for shots, value in accuracies.items()],
    )
    return {"accuracy_by_shots": {str(shots): value for shots, value in accuracies.items()}}


def disturb(demo: Demo) -> dict[str, Any]:
    """Scores the hybrid with the noise of a real device, and with its errors mitigated."""
    try:
        device = noise_source(_DEVICE, demo.hybrid.n_qubits)
    except MissingDependencyError as error:
        demo.console.print(f"No noise stage: {error}\n", markup=False, soft_wrap=True)
        return {}
    dataset = demo.run.dataset
    x = dataset.x_test[:_NOISY].to(DTYPES[demo.run.settings.dtype])
    job = job_from_model("the hybrid's circuit", demo.hybrid, x, dataset.y_test[:_NOISY])
    own = Choices(seed=demo.run.settings.seed, n_qubits=demo.hybrid.n_qubits)
    machine = PauliTransfer(device.model)
    comparison = mitigated(job, machine, device, _MITIGATIONS, own, None, demo.progress)
    exact = comparison.accuracy
    assert exact is not None
    columns = (COLUMNS[0], "test accuracy", *COLUMNS[1:])
    exact_row = ["without noise", percent(exact), "", "", "1", "", ""]
    print_table(
        demo.console,
        f"The trained hybrid with the noise of {device.text}, calibration data of a real device: "
        f"{len(x)} test digits",
        columns,
        [exact_row, *rows_of(comparison)],
    )
    save_values(job, comparison, demo.out / "noise.png")
    save_extrapolation(job, comparison, extrapolations(comparison), demo.out / "extrapolation.png")
    scores = {
        outcome.name: {"accuracy": outcome.accuracy, "error": outcome.error}
        for outcome in comparison.outcomes
    }
    return {"noise": {"device": device.text, "samples": len(x), "exact_accuracy": exact, **scores}}


STAGES: tuple[Stage, ...] = (compare, measure, disturb)
"""In the order in which they run."""


def _draw_digits(demo: Demo) -> None:
    """Draws test digits: some that the hybrid gets wrong first, then some that it gets right."""
    dataset = demo.run.dataset
    outputs = predict(demo.hybrid, dataset.x_test)
    predicted, confidence = classes(outputs), probabilities(outputs).amax(dim=1)
    mistakes = (predicted != dataset.y_test).nonzero().flatten()
    wrong = mistakes[:_WRONG]
    right = (predicted == dataset.y_test).nonzero().flatten()[: _SHOWN - len(wrong)]
    chosen = torch.cat([wrong, right])
    images = demo.run.settings.load_data(None).x_test[chosen, 0]
    save_samples(
        images,
        dataset.y_test[chosen],
        predicted[chosen],
        confidence[chosen],
        dataset.class_names,
        demo.out / "digits.png",
        title=f"{len(mistakes)} of {len(outputs)} test digits are taken for another; "
        f"{len(wrong)} of them, and {len(right)} others",
    )
