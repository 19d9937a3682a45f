"""HQNN-Quanv on few small images: fixed and trained quanvolution, and a convolution."""

from __future__ import annotations

from torch import nn

from qml.models import HQNNQuanv
from qml.reproduce.classifier import Build, Recipe, classifier
from qml.reproduce.pipelines import resized
from qml.reproduce.record import Entry, Published, Row, Scale, Table

REFERENCE = "Senokosov et al., Mach. Learn.: Sci. Technol. 5, 015040 (2024), arXiv:2304.09224"
SOURCE = (
    "not the paper's but those of a third party's re-implementation "
    "(AishSweety/hybrid-quantum-classical-models-for-image-classification)"
)
FEW = {"train": 500, "test": 100}
_SMALL = resized(14)

RECIPES: dict[Scale, Recipe] = {
    "smoke": Recipe("digits", _SMALL, 1, 32, 0.01, limit={"train": 64, "test": 64}),
    "small": Recipe("mnist", _SMALL, 20, 25, 0.01, scheduler="cosine", limit=FEW),
    "paper": Recipe("mnist", _SMALL, 20, 25, 0.01, scheduler="cosine", limit=FEW),
}


def _build(core: str, trainable: bool = True) -> Build:
    def build(in_features: int, n_classes: int, seed: int) -> nn.Module:
        return HQNNQuanv(in_features, n_classes, core=core, trainable=trainable, generator=seed)

    return build


TWIN = Entry(
    "convolution",
    "convolution with 4 channels and tanh",
    classifier(_build("classical"), RECIPES),
    Published(0.67, SOURCE),
)
LINEAR = Entry("linear", "linear model of the pixels", classifier(_build("identity"), RECIPES))

TABLE = Table(
    name="hqnn-quanv",
    title="HQNN-Quanv: 500 images of 14 x 14 pixels to train, 100 to test",
    reference=REFERENCE,
    rows=(
        Row(
            "trained",
            Entry(
                "trained",
                "trained quanvolution",
                classifier(_build("quantum"), RECIPES),
                Published(0.70, SOURCE),
            ),
            TWIN,
            LINEAR,
        ),
        Row(
            "fixed",
            Entry("fixed", "fixed quanvolution", classifier(_build("quantum", False), RECIPES)),
            TWIN,
            LINEAR,
        ),
    ),
    scales={
        "smoke": "1 epoch of 64 embedded digits of 8 x 8 pixels, enlarged",
        "small": "20 epochs of 500 images of MNIST, Adam 0.01 in batches of 25, cosine schedule",
        "paper": "the same: it is small enough",
    },
    notes=(
        "Each seed draws images of its own; a test part of 100 images gives an accuracy to about "
        "4 % (standard error), so take several seeds.",
        "How long the paper trains, and on which images, could not be read.",
    ),
)
