"""The models by name, with the settings they are trained with."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from circuits.errors import InvalidArgumentError
from qml.data import PCA, Amplitudes, Flatten, Pipeline, Resize, Scale, Standardize
from qml.models.base import AbstractModel, Execution
from qml.models.gradual import GradualReplacement
from qml.models.hamiltonian_embedding import HamiltonianEmbedding
from qml.models.hqnn_parallel import HQNNParallel
from qml.models.hqnn_quanv import HQNNQuanv
from qml.models.hybrid import HybridClassifier
from qml.models.mlp import MLP
from qml.models.qcnn import QCNN
from qml.models.qdsformer import QDSFormer
from qml.models.qkan import HQKAN
from qml.models.reuploading import DataReuploading

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ModelRecord:
    """A model that can be chosen by name.

    Attributes:
        name: Name in `MODELS`.
        description: What it is, in one line.
        factory: Class of the model: `factory(in_features, n_classes, **options)`.
        pipeline: Function of the shape of one raw sample: the preprocessing to fit.
        options: Options that the factory gets unless others are given.
        training: Options of `qml.training.fit` that suit the model.
    """

    name: str
    description: str
    factory: Callable[..., AbstractModel]
    pipeline: Callable[[Shape], Pipeline]
    options: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def option_names(self) -> tuple[str, ...]:
        """Names of the options that describe the model (how it is run is left out)."""
        return tuple(self._parameters())

    @property
    def required_options(self) -> tuple[str, ...]:
        """Those of `option_names` that the factory has no default for."""
        return tuple(n for n, p in self._parameters().items() if p.default is p.empty)

    def _parameters(self) -> dict[str, inspect.Parameter]:
        given = list(inspect.signature(self.factory).parameters.items())[2:]
        left_out = {"execution", *Execution.__annotations__}
        return {name: parameter for name, parameter in given if name not in left_out}

    def build(self, in_features: int, n_classes: int, **options: Any) -> AbstractModel:
        """A new model with the default options, overridden by those given."""
        return self.factory(in_features, n_classes, **{**self.options, **options})


def _standardised(shape: Shape) -> Pipeline:
    """Images share one mean and deviation, columns of a table have their own."""
    return Pipeline([Flatten(), Standardize(per_feature=len(shape) == 1)])


def _components(shape: Shape) -> Pipeline:
    """At most 16 standardised numbers: the first principal components of long samples.

    The components share one deviation: with one each, the last would be mostly amplified noise.
    """
    steps = _standardised(shape).steps
    reduced = [PCA(16), Standardize(per_feature=False)]
    return Pipeline(steps if math.prod(shape) <= 16 else [*steps, *reduced])


def _amplitudes(shape: Shape) -> Pipeline:
    """256 amplitudes: images resized to 16 x 16 (all channels together), tables padded."""
    channels = shape[0] if len(shape) == 3 else 1
    first = [Resize(math.isqrt(256 // channels))] if len(shape) > 1 else []
    return Pipeline([*first, Flatten(), Amplitudes(8)])


def _images(shape: Shape) -> Pipeline:
    """Standardised images; of a table as many principal components as fill a square."""
    pixels = math.isqrt(math.prod(shape)) ** 2
    if len(shape) > 1 or pixels == shape[0]:
        return Pipeline([Flatten(), Standardize(per_feature=False)])
    return Pipeline([Standardize(), PCA(pixels), Standardize(per_feature=False)])


def _small_images(shape: Shape) -> Pipeline:
    """Images of at most 14 x 14 pixels in [0, 1], tables as for `_images`."""
    first = [Resize(14)] if len(shape) > 1 and shape[-1] > 14 else []
    steps = [*first, Flatten()] if len(shape) > 1 else _images(shape).steps
    return Pipeline([*steps, Scale(0, 1, per_feature=False, clip=True)])


def _pixels(shape: Shape) -> Pipeline:
    """Images in [0, 1], standardised tables."""
    if len(shape) == 1:
        return _standardised(shape)
    return Pipeline([Flatten(), Scale(0, 1, per_feature=False, clip=True)])


def _centred_images(shape: Shape) -> Pipeline:
    """Images in [-1, 1], tables as for `_images`."""
    steps = [Flatten()] if len(shape) > 1 else _images(shape).steps
    return Pipeline([*steps, Scale(-1, 1, per_feature=False, clip=True)])


MODELS: dict[str, ModelRecord] = {
    record.name: record
    for record in (
        ModelRecord(
            "reupload",
            "data re-uploading classifier (Perez-Salinas et al. 2020)",
            DataReuploading,
            _components,
            {"n_qubits": 4, "layers": 6},
            {"epochs": 40, "batch_size": 32, "lr": 0.02, "scheduler": "cosine"},
        ),
        ModelRecord(
            "qcnn",
            "quantum convolutional network (Hur et al. 2022), amplitude encoding on 8 qubits",
            QCNN,
            _amplitudes,
            {"block": "SU4", "sharpness": 8.0},
            {"epochs": 5, "batch_size": 64, "lr": 0.02, "scheduler": "cosine"},
        ),
        ModelRecord(
            "mlp",
            "classical multilayer perceptron, for comparison",
            MLP,
            _standardised,
            {"hidden": 32},
            {"epochs": 30, "batch_size": 32, "lr": 0.01, "scheduler": "cosine"},
        ),
        ModelRecord(
            "hybrid",
            "linear layer, re-uploading circuit, linear layer",
            HybridClassifier,
            _standardised,
            {"n_qubits": 10, "layers": 2},
            {"epochs": 40, "batch_size": 32, "lr": 0.01, "scheduler": "cosine"},
        ),
        ModelRecord(
            "hqkan",
            "quantum Kolmogorov-Arnold network between two linear layers (Jiang et al. 2025)",
            HQKAN,
            _standardised,
            {"multiplier": 2},
            {"epochs": 30, "batch_size": 32, "lr": 0.01, "scheduler": "cosine"},
        ),
        ModelRecord(
            "qdsformer",
            "vision transformer with doubly stochastic attention by circuits (Born et al. 2025)",
            QDSFormer,
            _standardised,
            {"width": 64, "circuit_layers": 8},
            {"epochs": 20, "batch_size": 100, "lr": 0.002, "scheduler": "cosine"},
        ),
        ModelRecord(
            "hqnn-parallel",
            "convolutions, four circuits side by side, linear layer (Senokosov et al. 2024)",
            HQNNParallel,
            _images,
            {},
            {"epochs": 10, "batch_size": 32, "lr": 0.001, "scheduler": "cosine"},
        ),
        ModelRecord(
            "hqnn-quanv",
            "trained quanvolution and a linear layer (Senokosov et al. 2024)",
            HQNNQuanv,
            _small_images,
            {},
            {"epochs": 20, "batch_size": 32, "lr": 0.01, "scheduler": "cosine"},
        ),
        ModelRecord(
            "hamiltonian",
            "re-uploading by Hamiltonian embedding and SU(2^n) gates (Wang et al. 2024)",
            HamiltonianEmbedding,
            _pixels,
            {"layers": 10, "sharpness": 16.0, "deviation": 0.1},
            {"epochs": 20, "batch_size": 64, "lr": 0.01, "scheduler": "cosine"},
        ),
        ModelRecord(
            "gradual",
            "quantum convolutions and quantum linear layer (Wang et al. 2024)",
            GradualReplacement,
            _centred_images,
            {},
            {"epochs": 10, "batch_size": 64, "lr": 0.001, "scheduler": "cosine"},
        ),
    )
}
"""Name -> record, as `ketwork train --model` offers them."""


def model_named(name: str) -> ModelRecord:
    """The record of a model.

    Raises:
        InvalidArgumentError: If there is no such model; the message lists the names.
    """
    if isinstance(name, str) and name in MODELS:
        return MODELS[name]
    close = difflib.get_close_matches(str(name), MODELS, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidArgumentError(
        f"Argument `model` must be one of {', '.join(MODELS)}, got {name!r}.{hint}"
    )
