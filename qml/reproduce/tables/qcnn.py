"""The blocks of the quantum convolutional network, on 0 against 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from circuits.ansatz import BLOCKS
from qml.data import Amplitudes, Flatten, Pipeline, Resize
from qml.models import QCNN
from qml.reproduce.classifier import Build, Recipe, classifier
from qml.reproduce.pipelines import Shape, resized, standardised
from qml.reproduce.record import Entry, Published, Row, Scale, Table

REPOSITORY = "Hur, Kim and Park, arXiv:2108.00661, stored results of the authors (takh04/QCNN)"
PUBLISHED = {
    ("mnist", "SU4"): Published(0.9905, f"{REPOSITORY}, amplitude encoding, one logged run"),
    ("mnist", "SU4 chain"): Published(0.9839, f"{REPOSITORY}, amplitude encoding, 5 runs", 0.0058),
}
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
GRIDS = {12: 2, 18: 3, 24: 3, 36: 4, 45: 5, 51: 5}
"""Parameters of a network -> side g of the pooled image of its twin, which has 2 (g^2 + 1)."""


def _nesterov(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 0.01, momentum=0.9, nesterov=True)


def _amplitudes(shape: Shape) -> Pipeline:
    return Pipeline([Resize(16), Flatten(), Amplitudes(8)])


def recipes(data: str, pipeline: Callable[[Shape], Pipeline]) -> dict[Scale, Recipe]:
    """How to train on a data set."""
    return {
        "smoke": Recipe(
            "digits", pipeline, 1, 32, 0.02, classes=(0, 1), limit={"train": 64, "test": 32}
        ),
        "small": Recipe(data, pipeline, 2, 64, 0.02, scheduler="cosine", classes=(0, 1)),
        "paper": Recipe(
            data,
            pipeline,
            1,
            25,
            optimizer=_nesterov,
            classes=(0, 1),
            limit={"train": 5000},
            remark="SGD 0.01 with Nesterov momentum 0.9",
        ),
    }


def _quantum(block: str, chain: bool) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        options: dict[str, Any] = {"block": block, "chain": chain, "sharpness": 8.0}
        return QCNN(in_features, n_classes, **options, generator=seed)

    return build


def _pooled(grid: int) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        front = [nn.Unflatten(1, (1, 16, 16)), nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        return nn.Sequential(*front, nn.Linear(grid**2, n_classes))

    return build


def _rows(data: str) -> tuple[Row, ...]:
    short, title = data.removesuffix("_mnist"), TITLES[data]
    twins: dict[int, Entry] = {}
    rows = []
    for block, chain in [*((block, False) for block in BLOCKS), ("SU4", True)]:
        grid = GRIDS[QCNN(256, 2, block=block, chain=chain).n_parameters]
        if grid not in twins:
            twins[grid] = Entry(
                f"{short}-pooled-{grid}",
                f"linear model of {grid} x {grid} pixels, {title}",
                classifier(_pooled(grid), recipes(data, resized(16, standardised))),
            )
        name = f"{block} chain" if chain else block
        ours = Entry(
            f"{short}-{name.lower().replace(' ', '-')}",
            f"{title} 0/1, {name}",
            classifier(_quantum(block, chain), recipes(data, _amplitudes)),
            PUBLISHED.get((data, name)),
        )
        rows.append(Row(ours.name, ours, twins[grid]))
    return tuple(rows)


TABLE = Table(
    name="qcnn",
    title="Quantum convolutional network of 8 qubits: blocks, amplitude encoding, 0 against 1",
    reference="Hur, Kim and Park, Quantum Mach. Intell. 4, 3 (2022), arXiv:2108.00661",
    rows=(*_rows("mnist"), *_rows("fashion_mnist")),
    scales={
        "smoke": "1 epoch of 64 embedded digits of 8 x 8 pixels, enlarged",
        "small": "2 epochs of all images of the classes, Adam 0.02 in batches of 64, cosine "
        "schedule",
        "paper": "200 steps in batches of 25, SGD 0.01 with Nesterov momentum",
    },
    notes=(
        "Our logits are 8 times the logarithms of the probabilities (`sharpness`), which the "
        "paper's are once.",
        "The classical twin averages the image over a grid and is linear, which tells how hard the "
        "task is.",
        "The printed table of the paper could not be read; the authors' stored results for "
        "Fashion-MNIST are with other encodings (best: 94.13 ± 0.74 %).",
    ),
)
