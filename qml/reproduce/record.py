"""What a reproduced table is made of: published numbers, things to train, rows, tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, final

import torch
from torch import nn

from circuits.errors import InvalidArgumentError
from qml.training.config import Callback

Scale = Literal["smoke", "small", "paper"]
SCALES: dict[Scale, str] = {
    "smoke": "seconds, on embedded data: whether everything runs",
    "small": "at most about half an hour per entry and seed on one core",
    "paper": "the settings of the paper",
}
Metric = Literal["accuracy", "loss"]


@final
@dataclass(frozen=True)
class Published:
    """A published number.

    Args:
        value: In the table's metric; an accuracy is a share in [0, 1].
        source: Where it was read.
        spread: Its standard deviation over seeds, if stated.
        parameters: Number of trainable numbers, if stated.
    """

    value: float
    source: str
    spread: float | None = None
    parameters: int | None = None


@final
@dataclass(frozen=True)
class Outcome:
    """What one training gave.

    Args:
        value: The table's metric on the test data at the end.
        parameters: Number of trainable numbers of the model.
        seconds: Time of the training, all its resumed parts.
        curve: The metric after each epoch, or after each stage.
        facts: Plain numbers and text to keep. `"training"` is one line that says how it was
            trained, `"stages"` names the stages where the curve has no epochs.
    """

    value: float
    parameters: int
    seconds: float
    curve: tuple[float, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Watch(Protocol):
    """Shows the progress of a training within a `with` block, which gives a callback for `fit`."""

    def __call__(
        self, label: str, model: nn.Module, *, epochs: int, steps: int, done: int = 0
    ) -> AbstractContextManager[Callback]: ...


@final
@dataclass(frozen=True)
class Job:
    """One training to do.

    Args:
        label: What is trained, for messages.
        scale: How much of it.
        seed: Seed of everything random in it.
        folder: Where its checkpoints go; if it holds some, the training goes on from them.
        data_dir: Folder with the files of the data sets; None is the environment's.
        device: Where to compute; None is the CPU.
        watch: Shows the progress of `qml.training.fit`.
        say: Shows a line of text.
    """

    label: str
    scale: Scale
    seed: int
    folder: Path
    data_dir: Path | None
    device: torch.device | None
    watch: Watch
    say: Callable[[str], None]


@final
@dataclass(frozen=True)
class Entry:
    """One thing to train.

    Args:
        name: Unique in its table: lower-case letters, digits and dashes.
        label: For people.
        train: Trains it with the seed and at the scale of a job.
        published: What its authors reached.

    Raises:
        InvalidArgumentError: If the name is not of that form.
    """

    name: str
    label: str
    train: Callable[[Job], Outcome]
    published: Published | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise InvalidArgumentError(
                f"Argument `name` must be lower-case letters and digits joined by dashes, got "
                f"{self.name!r}."
            )


@final
@dataclass(frozen=True)
class Row:
    """One row of a table: a model, and what it is compared with.

    An entry that stands in several rows is trained once.

    Args:
        name: Unique in the table; `ketwork reproduce --row` takes it.
        ours: The model of the paper.
        twin: A classical model of (nearly) the same number of parameters.
        ablation: The model without its circuit.
    """

    name: str
    ours: Entry
    twin: Entry | None = None
    ablation: Entry | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that are there."""
        return tuple(e for e in (self.ours, self.twin, self.ablation) if e is not None)


@final
@dataclass(frozen=True)
class Table:
    """A published table, or several that belong together.

    Args:
        name: What `ketwork reproduce` calls it.
        title: One line for people.
        reference: The paper.
        rows: Its rows.
        metric: `"accuracy"` (a share, more is better) or `"loss"` (less is better).
        scales: What each scale means here, in one line.
        notes: Sentences to print below: deviations from the paper, what the rows mean.

    Raises:
        InvalidArgumentError: If names repeat.
    """

    name: str
    title: str
    reference: str
    rows: tuple[Row, ...]
    metric: Metric = "accuracy"
    scales: Mapping[Scale, str] = field(default_factory=lambda: dict(SCALES))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_unique((row.name for row in self.rows), "rows")
        _check_unique((entry.name for entry in self.entries()), "entries")

    def entries(self, rows: Iterable[str] | None = None) -> tuple[Entry, ...]:
        """The things to train for some rows (default all), each once, in order.

        Args:
            rows: Names of rows.

        Raises:
            InvalidArgumentError: If there is no row of a name.
        """
        known = {row.name: row for row in self.rows}
        chosen = list(known) if rows is None else list(rows)
        for name in chosen:
            if name not in known:
                raise InvalidArgumentError(
                    f"Argument `row`: the table {self.name} has no row {name!r}. Its rows: "
                    f"{', '.join(known)}."
                )
        found: list[Entry] = []
        for name in chosen:
            found += [entry for entry in known[name].entries if entry not in found]
        return tuple(found)


def _check_unique(names: Iterable[str], what: str) -> None:
    listed = list(names)
    double = sorted({name for name in listed if listed.count(name) > 1})
    if double:
        raise InvalidArgumentError(f"Names of {what} must be unique, but {double} repeat.")
