"""Plain specifications of models: what a checkpoint stores beside the weights."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Unpack

from torch import nn

from circuits.errors import ArgumentTypeError, InvalidArgumentError, ResourceLimitError
from qml.models.base import AbstractModel, Execution
from qml.models.registry import MODELS, model_named

MAX_QUBITS = 30
MAX_SIZE = 2**26
"""Largest product of neighbouring sizes (weights of a linear layer, rotations of a circuit)."""


def spec_of(model: nn.Module) -> dict[str, Any]:
    """A plain description from which `build_model` builds an equal model, without its weights.

    Args:
        model: A model of this package.

    Returns:
        `{"model": name, "in_features": d, "n_classes": c, "options": {...}}`, made of strings,
        numbers and lists, as JSON and checkpoints hold them.

    Raises:
        ArgumentTypeError: If the model is none of this package.

    >>> from qml.models import MLP
    >>> spec_of(MLP(4, 3, hidden=8))["options"]
    {'hidden': [8], 'activation': 'relu'}
    """
    for record in MODELS.values():
        if isinstance(model, AbstractModel) and record.factory is type(model):
            return {
                "model": record.name,
                "in_features": model.in_features,
                "n_classes": model.n_classes,
                "options": model.options(),
            }
    raise ArgumentTypeError(
        f"Argument `model` must be one of the models {', '.join(MODELS)}, got "
        f"{type(model).__name__}, which has no plain specification."
    )


def build_model(spec: Mapping[str, Any], **execution: Unpack[Execution]) -> AbstractModel:
    """A new model with fresh weights from what `spec_of` returned.

    Args:
        spec: The specification. Nothing in it is executed, every size and name is checked, and
            a model that would fill the memory is refused.
        **execution: `backend`, `shots`, `generator`, `dtype`, ... as for the model's class.

    Returns:
        The model.

    Raises:
        KetworkError: If the specification is malformed or its values are not valid.

    >>> from qml.models import QCNN
    >>> build_model(spec_of(QCNN(16, block="TTN"))).n_parameters
    8
    """
    if not isinstance(spec, Mapping):
        raise ArgumentTypeError(f"Argument `spec` must be a dict, got {type(spec).__name__}.")
    keys = {"model", "in_features", "n_classes", "options"}
    if set(spec) != keys or not isinstance(spec["options"], Mapping):
        raise InvalidArgumentError(
            f"Argument `spec` must have the keys {sorted(keys)}, `options` being a dict; got "
            f"{sorted(map(str, spec))}."
        )
    record, options = model_named(spec["model"]), spec["options"]
    names = set(map(str, options))
    unknown, missing = names - set(record.option_names), set(record.required_options) - names
    if unknown or missing:
        raise InvalidArgumentError(
            f"Argument `spec` must give the model {record.name!r} options among "
            f"{', '.join(record.option_names)}; unknown: {sorted(unknown) or 'none'}, missing: "
            f"{sorted(missing) or 'none'}."
        )
    _check_size(spec["in_features"], spec["n_classes"], options)
    return record.factory(spec["in_features"], spec["n_classes"], **options, **execution)


def _check_size(in_features: Any, n_classes: Any, options: Mapping[str, Any]) -> None:
    """Raise if the sizes ask for too much; values of a wrong type are left to the constructors."""
    n_qubits = _count(options.get("n_qubits"))
    hidden = options.get("hidden")
    widths = [_count(h) for h in (hidden if isinstance(hidden, list | tuple) else [hidden])]
    chain = [_count(in_features), *widths, _count(n_classes)]
    inner = _count(options.get("multiplier")) * max(n.bit_length() for n in chain)
    angles = inner * inner * 2 * (_count(options.get("reps")) + 1) if "reps" in options else 0
    circuit = n_qubits * _count(options.get("layers")) * _count(options.get("slots"))
    width, patches = _count(options.get("width")), _count(options.get("patches"))
    block = max(width * _count(options.get("mlp_factor")), patches) * _count(options.get("depth"))
    tokens = max(width, patches) * max(block, *chain) if "width" in options else 0
    largest = max(
        tokens, circuit, angles, inner * max(chain), *(a * b for a, b in itertools.pairwise(chain))
    )
    if n_qubits > MAX_QUBITS or largest > MAX_SIZE:
        raise ResourceLimitError(
            f"Argument `spec` asks for {n_qubits} qubits and a largest layer of {largest} numbers; "
            f"at most {MAX_QUBITS} and {MAX_SIZE} are built from a specification. If that is "
            "intended, construct the model by its class."
        )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 1
