"""Checkpoints: one file with a model's weights, free-form metadata, and the state of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from circuits import errors

from .container import read_container, write_container
from .payload import check_finite, decode, encode

MAX_BYTES = 2**31


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Args:
        model: `state_dict` of the model, on the CPU.
        metadata: Whatever the writer stored, e.g. model specification and preprocessing state.
        training: State of an unfinished or finished run (optimizer, generators, history ...),
            or None if the file holds a model only.
    """

    model: dict[str, torch.Tensor] = field(repr=False)
    metadata: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] | None = field(default=None, repr=False)

    def load_into(self, model: nn.Module) -> nn.Module:
        """Copies the weights into `model`, which must have the same names, shapes and dtypes.

        Args:
            model: The model to fill.

        Returns:
            The same `model`.

        Raises:
            CheckpointError: If a name, shape or dtype differs.
        """
        load_state(model, self.model)
        return model


def save_checkpoint(
    path: str | os.PathLike[str],
    model: nn.Module | Mapping[str, torch.Tensor],
    *,
    metadata: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Writes a checkpoint atomically: a crash leaves the old file or the new one.

    Args:
        path: The file to write; missing folders are made.
        model: The model, or its `state_dict`.
        metadata: Dictionaries, lists and tuples of tensors, text, numbers, booleans and None.
        training: State of the run, of the same types.

    Raises:
        CheckpointError: If a value has another type, or the model holds NaN or infinite numbers.
    """
    state = model.state_dict() if isinstance(model, nn.Module) else dict(model)
    check_finite(
        {"model": dict(state)},
        "Such a checkpoint would not load. Constants belong in a buffer with persistent=False.",
    )
    tree = {"model": state, "metadata": dict(metadata or {}), "training": training}
    write_container(path, encode(tree))


def load_checkpoint(
    path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, allow_nonfinite: bool = False
) -> Checkpoint:
    """Reads a checkpoint, refusing a file that is corrupted, truncated or hostile.

    Nothing is decoded before the SHA-256 digest agrees, no code in the file is ever run, and
    memory stays within a small multiple of the file's size.

    Args:
        path: A file written by `save_checkpoint` or `fit`.
        max_bytes: Files larger than this are refused unread.
        allow_nonfinite: Accept NaN and infinite numbers in tensors.

    Returns:
        The checkpoint, on the CPU.

    Raises:
        CheckpointError: If the file is refused; the message says why.
    """
    try:
        tree = decode(read_container(path, max_bytes))
        if not allow_nonfinite:
            check_finite(tree, "If that is intended, pass `allow_nonfinite=True`.")
    except errors.CheckpointError as error:
        if str(path) in str(error):
            raise
        raise errors.CheckpointError(f"`{path}`: {error}") from error
    if set(tree) != {"model", "metadata", "training"}:
        raise errors.CheckpointError(
            f"`{path}` holds {sorted(map(str, tree))}; expected model, metadata and training."
        )
    model, metadata, training = tree["model"], tree["metadata"], tree["training"]
    if (
        not isinstance(model, dict)
        or not isinstance(metadata, dict)
        or not isinstance(training, dict | None)
    ):
        raise errors.CheckpointError(f"`{path}`: model, metadata and training must be mappings.")
    return Checkpoint(model, metadata, training)


def load_state(model: nn.Module, state: Mapping[str, Any]) -> None:
    """Loads a `state_dict` into a model, raising where torch would cast or complain at length.

    Args:
        model: The model to fill.
        state: What `model.state_dict()` returned for an equal model.

    Raises:
        CheckpointError: Listing missing and surplus names, or the first differing tensor.
    """
    own = model.state_dict()
    if own.keys() != state.keys():
        raise errors.CheckpointError(
            "The checkpoint belongs to another model: it lacks "
            f"{sorted(own.keys() - state.keys()) or 'nothing'} and has, beyond this model, "
            f"{sorted(state.keys() - own.keys()) or 'nothing'}. Build the model that was saved."
        )
    for name, value in own.items():
        if not isinstance(value, torch.Tensor):
            continue
        saved = state[name]
        expected = (tuple(value.shape), value.dtype)
        received = (tuple(getattr(saved, "shape", ())), getattr(saved, "dtype", type(saved)))
        if expected != received:
            raise errors.CheckpointError(
                f"The checkpoint belongs to another model: `{name}` is {expected} in this model "
                f"and {received} in the checkpoint."
            )
    model.load_state_dict(dict(state))
