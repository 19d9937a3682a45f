"""Gradual replacement: convolutions, then the last layer too, become quantum layers."""

from __future__ import annotations

from typing import Any

from torch import nn

from qml.models import GradualReplacement
from qml.reproduce.classifier import Build, Recipe, classifier
from qml.reproduce.pipelines import centred
from qml.reproduce.record import Entry, Published, Row, Scale, Table

SOURCE = (
    "Wang et al., arXiv:2409.17583, stored results of the authors "
    "(peiyong-addwater/Let-The-Quantum-Creep-In, torch, 50 epochs, 5 runs)"
)
PUBLISHED = {
    "mnist": ((0.9230, 0.0015), (0.9234, 0.0014), (0.9692, 0.0036)),
    "fashion_mnist": ((0.8362, 0.0015), (0.8341, 0.0041), (0.8657, 0.0069)),
}
"""Test accuracy and its deviation at levels 0, 1 and 2."""
SHARP = {"sharpness": 16.0, "deviation": 0.03}
"""Our head at level 2, see `qml.QuantumLinear`."""
EPOCHS = {"mnist": 4, "fashion_mnist": 12}
"""At scale `small`; level 2 takes about two minutes an epoch."""
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def recipes(data: str) -> dict[Scale, Recipe]:
    """How to train on a data set."""
    return {
        "smoke": Recipe("digits", centred, 1, 32, 1e-3, limit={"train": 64, "test": 64}),
        "small": Recipe(data, centred, EPOCHS[data], 100, 1e-3, scheduler="cosine"),
        "paper": Recipe(data, centred, 50, 200, 3e-4),
    }


def _model(level: int, **head: Any) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        return GradualReplacement(in_features, n_classes, level=level, generator=seed, **head)

    return build


def _tanh(in_features: int, n_classes: int, seed: int) -> nn.Module:
    return GradualReplacement(in_features, n_classes, level=2).classical_twin(generator=seed)


def _rows(data: str) -> tuple[Row, ...]:
    short, title, how = data.removesuffix("_mnist"), TITLES[data], recipes(data)
    labels = ("classical, linear", "quantum convolutions", "all layers quantum")
    heads: tuple[dict[str, Any], ...] = ({}, {}, SHARP)
    published = [Published(value, SOURCE, spread) for value, spread in PUBLISHED[data]]
    linear, convolutions, quantum = (
        Entry(
            f"{short}-level-{level}",
            f"{title}, level {level}: {labels[level]}",
            classifier(_model(level, **heads[level]), how),
            published[level],
        )
        for level in range(3)
    )
    plain = Entry(
        f"{short}-level-2-plain",
        f"{title}, level 2 as published",
        classifier(_model(2), how),
        published[2],
    )
    tanh = Entry(
        f"{short}-tanh", f"{title}, tanh units before the last layer", classifier(_tanh, how)
    )
    return (
        Row(linear.name, linear),
        Row(convolutions.name, convolutions, linear),
        Row(quantum.name, quantum, tanh),
        Row(plain.name, plain, tanh),
    )


TABLE = Table(
    name="gradual-replacement",
    title="Gradual replacement of a classical network by quantum layers",
    reference=SOURCE,
    rows=(*_rows("mnist"), *_rows("fashion_mnist")),
    scales={
        "smoke": "1 epoch of 64 embedded digits of 8 x 8 pixels",
        "small": "4 epochs (Fashion-MNIST: 12) of all images, Adam 0.001 in batches of 100, cosine "
        "schedule",
        "paper": "50 epochs of all images, Adam 0.0003 in batches of 200",
    },
    notes=(
        "Levels 0 and 1 are linear in the pixels, level 2 is not. The twin of level 1 is level 0; "
        "that of level 2 is level 0 with a hidden layer of tanh units and as many parameters.",
        'Our level 2 multiplies the probabilities by 16 and starts near the identity; "as '
        'published" takes them as logits and starts with angles of deviation 1.',
    ),
)
