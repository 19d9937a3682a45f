"""The constructor arguments of channels, to rebuild them with other numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from noise.channels import Channel, Kraus, PauliChannel, PauliLindblad, PauliTransferMatrix
from noise.model.idle import Idle

T = TypeVar("T", bound="Channel | Idle")


def arguments(item: Channel | Idle) -> dict[str, Any]:
    """Constructor arguments by name: strengths, mappings from labels to strengths, arrays.

    >>> from noise.channels import BitFlip
    >>> arguments(BitFlip(0.1)), arguments(PauliChannel({"X": 0.2}))
    ({'p': 0.1}, {'probabilities': {'X': 0.2}})
    """
    if isinstance(item, PauliChannel):
        return {"probabilities": item.probabilities}
    if isinstance(item, PauliLindblad):
        return {"rates": item.rates}
    if isinstance(item, Kraus):
        return {"operators": item.kraus().numpy()}
    if isinstance(item, PauliTransferMatrix):
        return {"matrix": item.matrix}
    return {f.name: getattr(item, f.name) for f in dataclasses.fields(item)}  # type: ignore[arg-type]


def strengths(item: Channel | Idle) -> list[Any]:
    """All strengths: the arguments, mappings opened."""
    found: list[Any] = []
    for value in arguments(item).values():
        found.extend(value.values() if isinstance(value, Mapping) else [value])
    return found


def rebuilt(item: T, given: Mapping[str, Any]) -> T:
    """One of the same class with other constructor arguments."""
    return type(item)(**given)
