"""The settings that decide a training run: stored in its checkpoint, compared when it resumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import torch

from circuits.errors import CheckpointError, InvalidArgumentError
from qml.data import DataSet, load

from .names import flag

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides the weights a run ends with, but for the files of the data set.

    Args:
        model: Name in `qml.models.MODELS`.
        n_qubits, layers, block, hidden: Options of the model; None takes the model's default.
        data: Name of the data set.
        classes: Classes to keep; None keeps all.
        file: File of the user's own, for data sets that are one.
        samples, noise: Size and noise of a generated data set.
        limit: At most so many samples in each part.
        epochs, batch_size, lr, scheduler, patience: As in `qml.training.FitConfig`.
        seed: Seed of the split, the initial weights, the order of samples, and shots.
        shots: Measurements per sample while training; None is exact.
        diff_method: As for `QuantumLayer`.
        backend: Where circuits run, as `backends.backend_named` takes it; None is our simulator.
        dtype: `"float32"` or `"float64"`.
    """

    model: str
    n_qubits: int | None = None
    layers: int | None = None
    block: str | None = None
    hidden: int | None = None
    data: str
    classes: list[str] | None = None
    file: str | None = None
    samples: int | None = None
    noise: float | None = None
    limit: int | None = None
    epochs: int
    batch_size: int
    lr: float
    scheduler: str | None = None
    patience: int | None = None
    seed: int = 0
    shots: int | None = None
    diff_method: str | None = None
    backend: str | None = None
    dtype: str = "float32"

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, for a checkpoint."""
        return asdict(self)

    @property
    def model_options(self) -> dict[str, Any]:
        """The options of the model that were chosen."""
        chosen = {name: getattr(self, name) for name in MODEL_OPTIONS}
        return {name: value for name, value in chosen.items() if value is not None}

    def load_data(self, data_dir: Any) -> DataSet:
        """Loads the data set.

        Args:
            data_dir: Folder with its files, where it has some.
        """
        return load(
            self.data,
            data_dir=data_dir,
            classes=self.classes,
            seed=self.seed,
            limit=self.limit,
            file=self.file,
            n_samples=self.samples,
            noise=self.noise,
        )


MODEL_OPTIONS = ("n_qubits", "layers", "block", "hidden")
"""Settings that are options of the model."""

CIRCUIT_OPTIONS = ("shots", "diff_method", "backend")
"""Settings that have an effect only where the model holds a circuit."""


def restored(stored: Any, file: Path) -> Settings:
    """Settings from the metadata of a checkpoint, which may come from a stranger.

    Args:
        stored: What `Settings.as_dict` returned.
        file: The checkpoint, for error messages.

    Raises:
        CheckpointError: If a setting is missing, unknown or of another type.
    """
    if not isinstance(stored, Mapping):
        raise CheckpointError(
            f"{file} was not written by `ketwork train`: it holds no settings of a run."
        )
    types = get_type_hints(Settings)
    stored = {"backend": None, **stored}
    wrong = sorted({str(name) for name in stored} ^ set(types))
    wrong += [n for n in types if n in stored and not _fits(stored[n], types[n])]
    if wrong:
        raise CheckpointError(
            f"{file}: the settings are not those of this version of ketwork: {wrong[0]!r} is "
            "missing, unknown or of another type."
        )
    settings = Settings(**stored)
    if settings.dtype not in DTYPES:
        raise CheckpointError(f"{file}: there is no dtype {settings.dtype!r}.")
    return settings


def require_same(stored: Settings, given: Mapping[str, Any]) -> None:
    """Raises if an option that was given with `--resume` differs from the run's setting.

    Args:
        stored: Settings of the run.
        given: Options by name; None means that the option was not given.

    Raises:
        InvalidArgumentError: Naming the first option that differs.
    """
    for field in fields(Settings):
        value, own = given.get(field.name), getattr(stored, field.name)
        if value is not None and value != own:
            raise InvalidArgumentError(
                f"{flag(field.name)} {_shown(value)} differs from the run to resume, which has "
                f"{'no ' + flag(field.name) if own is None else _shown(own)}. Leave the option "
                "out, or start a new run in another --out."
            )


def _fits(value: Any, expected: Any) -> bool:
    if expected == list[str] | None:
        return value is None or (
            isinstance(value, list) and all(isinstance(entry, str) for entry in value)
        )
    kinds = get_args(expected) or (expected,)
    return type(value) in kinds or (float in kinds and type(value) is int)


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
