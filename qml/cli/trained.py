"""A trained model with its preprocessing, rebuilt from a checkpoint that may be a stranger's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from circuits import StateVector
from circuits.errors import CheckpointError, InvalidArgumentError, KetworkError
from qml.data import FittedPipeline, from_state_dict
from qml.models import build_model
from qml.models.base import AbstractModel, AbstractQuantumModel
from qml.training import load_checkpoint

from .settings import DTYPES, Settings, restored


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Args:
        settings: What decided its training.
        model: The model, in evaluation mode.
        pipeline: The preprocessing that it was trained with.
        class_names: One name per class.
    """

    settings: Settings
    model: AbstractModel
    pipeline: FittedPipeline
    class_names: tuple[str, ...]

    def inputs(self, x: Tensor) -> Tensor:
        """Raw samples `(n, *shape)` as the model wants them."""
        return self.pipeline.transform(x).to(DTYPES[self.settings.dtype])

    def measured(self, shots: int, seed: int) -> AbstractModel:
        """The same model with a finite number of measurements per sample.

        Args:
            shots: Measurements per sample.
            seed: Seed of their outcomes.

        Raises:
            InvalidArgumentError: If the model holds no circuit.
        """
        return measured(self.model, shots, seed)


def measured(model: AbstractModel, shots: int, seed: int) -> AbstractModel:
    """A model with the same weights whose circuit is measured `shots` times per sample."""
    if not isinstance(model, AbstractQuantumModel):
        raise InvalidArgumentError(
            f"--shots has no effect on a {type(model).__name__}, which holds no circuit."
        )
    generator = torch.Generator().manual_seed(seed)
    return model.with_backend(StateVector(), shots=shots, generator=generator).eval()


def load_trained(path: Path) -> Trained:
    """Rebuilds a model from a checkpoint of `ketwork train` or `ketwork demo`.

    Args:
        path: The file, or the folder of a run, whose `model.ckpt` is taken.

    Raises:
        CheckpointError: If the file is damaged, hostile, or not from these commands.
    """
    file = path / "model.ckpt" if path.is_dir() else path
    checkpoint = load_checkpoint(file)
    metadata = checkpoint.metadata
    settings = restored(metadata.get("settings"), file)
    names = metadata.get("class_names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CheckpointError(f"{file}: the names of the classes are missing.")
    try:
        pipeline = from_state_dict(_mapping(metadata.get("preprocessing")))
        spec = _mapping(metadata.get("model"))
        sizes = (spec.get("in_features"), spec.get("n_classes"))
        if sizes != (math.prod(pipeline.out_shape), len(names)):
            raise CheckpointError(f"model, preprocessing and classes disagree about sizes {sizes}.")
        model = build_model(spec).to(DTYPES[settings.dtype])
        checkpoint.load_into(model)
    except KetworkError as error:
        raise CheckpointError(f"{file}: {error}") from error
    return Trained(settings, model.eval(), pipeline, tuple(names))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CheckpointError("model or preprocessing is missing from the checkpoint.")
    return value
