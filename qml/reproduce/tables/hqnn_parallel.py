"""HQNN-Parallel on MNIST, its classical twin, and the network without its circuits."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from qml.models import HQNNParallel
from qml.reproduce.classifier import Build, Recipe, classifier
from qml.reproduce.pipelines import standardised
from qml.reproduce.record import Entry, Published, Row, Scale, Table

SOURCE = (
    "Senokosov et al., Mach. Learn.: Sci. Technol. 5, 015040 (2024), arXiv:2304.09224, abstract"
)


def _momentum(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 1e-3, momentum=0.9)


RECIPES: dict[Scale, Recipe] = {
    "smoke": Recipe("digits", standardised, 1, 32, 1e-3, limit={"train": 96, "test": 64}),
    "small": Recipe("mnist", standardised, 12, 64, 2e-3, scheduler="cosine"),
    "paper": Recipe(
        "mnist", standardised, 10, 4, optimizer=_momentum, remark="SGD 0.001 with momentum 0.9"
    ),
}


def _build(core: str) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        return HQNNParallel(in_features, n_classes, core=core, generator=seed)

    return build


TABLE = Table(
    name="hqnn-parallel",
    title="HQNN-Parallel: four circuits of five qubits behind a convolutional front end",
    reference=SOURCE,
    rows=(
        Row(
            "mnist",
            ours=Entry(
                "quantum",
                "HQNN-Parallel, MNIST",
                classifier(_build("quantum"), RECIPES),
                Published(0.9921, SOURCE),
            ),
            twin=Entry(
                "classical",
                "tanh layers for the circuits, MNIST",
                classifier(_build("classical"), RECIPES),
            ),
            ablation=Entry(
                "identity",
                "identity for the circuits, MNIST",
                classifier(_build("identity"), RECIPES),
            ),
        ),
    ),
    scales={
        "smoke": "1 epoch of 96 embedded digits of 8 x 8 pixels",
        "small": "12 epochs of all images, Adam in batches of 64, cosine schedule",
        "paper": "10 epochs of all images, SGD with momentum in batches of 4",
    },
    notes=(
        "What the circuits add is the difference to the network without them. A third party's "
        "re-implementation (AishSweety/hybrid-quantum-classical-models-for-image-classification) "
        "has 99.17 % with circuits and 99.20 % for its CNN.",
        "The paper's gates and number of layers could not be read; ours are 3 layers of RZ, RY and "
        "a ring of CNOTs behind RX angle embedding.",
    ),
)
