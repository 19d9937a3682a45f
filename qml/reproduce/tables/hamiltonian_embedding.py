"""Hamiltonian embedding on eight classes of MNIST and Fashion-MNIST."""

from __future__ import annotations

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ExponentialLR

from qml.models import HamiltonianEmbedding
from qml.reproduce.classifier import Build, Recipe, classifier
from qml.reproduce.pipelines import pixels
from qml.reproduce.record import Entry, Published, Row, Scale, Table

SOURCE = (
    "Wang et al., arXiv:2407.14055, stored results of the authors (peiyong-addwater/HamEmbedding)"
)
CLASSES = tuple(range(8))
PUBLISHED = {
    ("mnist", 10): Published(0.8972, SOURCE, 0.0098),
    ("mnist", 20): Published(0.9125, SOURCE, 0.0073),
    ("fashion_mnist", 10): Published(0.7777, SOURCE, 0.0028),
    ("fashion_mnist", 20): Published(0.7962, SOURCE, 0.0018),
}
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def _decay(optimizer: Optimizer) -> ExponentialLR:
    return ExponentialLR(optimizer, 0.99)


def recipes(data: str) -> dict[Scale, Recipe]:
    """How to train on a data set."""
    return {
        "smoke": Recipe(
            "digits", pixels, 1, 32, 0.01, classes=CLASSES, limit={"train": 96, "test": 64}
        ),
        "small": Recipe(
            data, pixels, 20, 128, 0.003, scheduler="cosine", clip_norm=1.0, classes=CLASSES
        ),
        "paper": Recipe(
            data,
            pixels,
            100,
            256,
            0.01,
            scheduler=_decay,
            clip_norm=1.0,
            classes=CLASSES,
            remark="rate times 0.99 after each epoch",
        ),
    }


def _model(layers: int, sharpness: float, deviation: float) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        return HamiltonianEmbedding(
            in_features,
            n_classes,
            layers=layers,
            sharpness=sharpness,
            deviation=deviation,
            generator=seed,
        )

    return build


def _twin(layers: int) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        model = HamiltonianEmbedding(in_features, n_classes, layers=layers)
        return model.classical_twin(generator=seed)

    return build


TWINS: dict[str, Entry] = {}
"""Classical twins by data set and repetitions: rows share them."""


def _row(data: str, layers: int, plain: bool) -> Row:
    short = f"{data.removesuffix('_mnist')}-{layers}"
    label = f"{TITLES[data]} 0-7, {layers} repetitions"
    twin = Entry(
        f"mlp-{short}", f"one hidden layer, {label}", classifier(_twin(layers), recipes(data))
    )
    settings, suffix = ((1.0, 1.0), ", as published") if plain else ((16.0, 0.1), "")
    name = f"{short}-plain" if plain else short
    train = classifier(_model(layers, *settings), recipes(data))
    return Row(
        name,
        Entry(name, label + suffix, train, PUBLISHED[data, layers]),
        TWINS.setdefault(short, twin),
    )


TABLE = Table(
    name="hamiltonian-embedding",
    title="Hamiltonian embedding, eight classes",
    reference=SOURCE,
    rows=(
        _row("mnist", 10, False),
        _row("mnist", 20, False),
        _row("fashion_mnist", 10, False),
        _row("fashion_mnist", 20, False),
        _row("mnist", 20, True),
        _row("fashion_mnist", 20, True),
    ),
    scales={
        "smoke": "1 epoch of 96 embedded digits of 8 x 8 pixels",
        "small": "20 epochs of all images of the classes, Adam 0.003, cosine schedule",
        "paper": "100 epochs, Adam 0.01 times 0.99 after each epoch, gradients clipped at 1",
    },
    notes=(
        "Eight classes (labels 0 to 7), as published. The classical twin has one hidden layer of "
        "ReLU units.",
        'Our model starts near the identity and multiplies its probabilities by 16; "as published" '
        "starts with angles of deviation 1 and takes the probabilities as logits.",
        "Published are final test accuracies of 5 runs. Their batch size could not be read; at "
        "paper scale we take 256.",
    ),
)
