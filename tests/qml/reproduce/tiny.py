"""A table that trains in no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from qml.models import MLP
from qml.reproduce import Entry, Job, Outcome, Published, Recipe, Row, Table, classifier
from qml.reproduce.pipelines import pixels

EPOCHS = 3
RECIPES = {
    "smoke": Recipe("digits", pixels, EPOCHS, 16, 0.01, limit={"train": 48, "test": 30}),
    "small": Recipe("digits", pixels, 1, 16, 0.01, limit={"train": 48, "test": 30}),
}


def network(in_features: int, n_classes: int, seed: int) -> nn.Module:
    """With dropout, so that the state of torch's default generator matters."""
    return nn.Sequential(nn.Dropout(0.2), MLP(in_features, n_classes, 4, generator=seed))


def entry(name: str, train: Callable[[Job], Outcome], published: Published | None = None) -> Entry:
    return Entry(name, name.upper(), train, published)


TWIN = entry("twin", classifier(network, RECIPES))
TABLE = Table(
    name="tiny",
    title="A tiny table",
    reference="Nobody, 2024",
    rows=(
        Row(
            "a", entry("first", classifier(network, RECIPES), Published(0.9, "Nobody", 0.02)), TWIN
        ),
        Row("b", entry("second", classifier(network, RECIPES)), TWIN),
    ),
)


def fixed(values: dict[int, float], parameters: int = 7) -> Callable[[Job], Outcome]:
    """A `train` that gives a value by the seed, and trains nothing."""
    return lambda job: Outcome(values[job.seed], parameters, 2.0, facts={"training": "not at all"})


def files(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())
