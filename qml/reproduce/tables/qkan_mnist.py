"""The QKAN head on MNIST beside an MLP head, both behind a small CNN."""

from __future__ import annotations

from torch import Tensor, nn

from qml.data import Flatten, Pipeline, Resize, Scale
from qml.models import QKAN
from qml.reproduce.classifier import Build, Recipe, classifier
from qml.reproduce.pipelines import Shape
from qml.reproduce.record import Entry, Published, Row, Table
from qml.reproduce.record import Scale as ScaleName

SOURCE = "Jiang et al., arXiv:2509.14026, notebook of the authors (Jim137/qkan)"
CHANNELS = ((1, 3, 5), (3, 6, 5), (6, 10, 3))
"""Input channels, output channels and side of the kernel of each convolution."""


class HeadedCNN(nn.Module):
    """Three convolutions with ReLU and 2 x 2 maxima to 10 numbers, and a head.

    Args:
        head: Module `(n, 10) -> (n, n_classes)`.

    Shape:
        Input `(n, 784)`, output `(n, n_classes)`.
    """

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out, kernel in CHANNELS:
            layers += [nn.Conv2d(n_in, n_out, kernel), nn.ReLU(), nn.MaxPool2d(2)]
        self.front = nn.Sequential(*layers, nn.Flatten())
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(n, n_classes)`."""
        logits: Tensor = self.head(self.front(x.reshape(-1, 1, 28, 28)))
        return logits


def _pipeline(shape: Shape) -> Pipeline:
    first = [] if shape[-1] == 28 else [Resize(28)]
    return Pipeline([*first, Flatten(), Scale(-1, 1, per_feature=False, clip=True)])


RECIPES: dict[ScaleName, Recipe] = {
    "smoke": Recipe("digits", _pipeline, 1, 32, 5e-3, limit={"train": 96, "test": 64}),
    "small": Recipe("mnist", _pipeline, 12, 100, 5e-3, scheduler="cosine"),
    "paper": Recipe("mnist", _pipeline, 20, 1000, 1e-3),
}


def _quantum(in_features: int, n_classes: int, seed: int) -> nn.Module:
    return HeadedCNN(QKAN([10, n_classes], generator=seed))


def _classical(in_features: int, n_classes: int, seed: int) -> nn.Module:
    sizes = [nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, n_classes)]
    return HeadedCNN(nn.Sequential(*sizes))


def _entry(name: str, label: str, build: Build, published: Published) -> Entry:
    return Entry(name, label, classifier(build, RECIPES), published)


TABLE = Table(
    name="qkan-mnist",
    title="QKAN head on MNIST",
    reference=SOURCE,
    rows=(
        Row(
            "head",
            ours=_entry(
                "qkan", "CNN + QKAN [10, 10]", _quantum, Published(0.9585, SOURCE, parameters=1884)
            ),
            twin=_entry(
                "mlp",
                "CNN + MLP 10-20-20-10",
                _classical,
                Published(0.9557, SOURCE, parameters=1934),
            ),
        ),
    ),
    scales={
        "smoke": "1 epoch of 96 embedded digits of 8 x 8 pixels",
        "small": "12 epochs of all images, Adam in batches of 100, cosine schedule",
        "paper": "20 epochs of all images, Adam 0.001 in batches of 1000",
    },
    notes=("Ours measures the physical expectation value, not the authors' `fast_measure`.",),
)
