"""Saving and restoring every random generator that a run draws from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from circuits import errors


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds torch's default generators inside the block and puts them back afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def named_generators(
    model: nn.Module, extra: Mapping[str, torch.Generator]
) -> dict[str, torch.Generator]:
    """Returns the generators of a run: attributes of the model's modules, and those passed in.

    Args:
        model: The model; a generator that is attribute `a` of module `m` is called `m.a`.
        extra: Further generators by name.

    Returns:
        Generators by name.

    Raises:
        InvalidArgumentError: If a name in `extra` is also a module's attribute.
    """
    found = {
        f"{prefix}.{name}" if prefix else name: value
        for prefix, module in model.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, torch.Generator)
    }
    clash = found.keys() & extra.keys()
    if clash:
        raise errors.InvalidArgumentError(
            f"Argument `generators` names {sorted(clash)}, which the model holds already."
        )
    return found | dict(extra)


def capture(
    generators: Mapping[str, torch.Generator], device: torch.device
) -> dict[str, torch.Tensor]:
    """Returns the states of torch's default generators and of `generators`.

    Args:
        generators: Generators by name.
        device: Device of the model; its default generator is captured beside the CPU's.

    Returns:
        States by name, uint8 tensors.
    """
    states = {"default:cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["default:cuda"] = torch.cuda.get_rng_state(device)
    return states | {f"own:{name}": g.get_state() for name, g in generators.items()}


def restore(
    states: Mapping[str, Any], generators: Mapping[str, torch.Generator], device: torch.device
) -> None:
    """Puts all generators back into the states that `capture` returned.

    Args:
        states: What `capture` returned.
        generators: Generators by name; the same names as then.
        device: Device of the model.

    Raises:
        CheckpointError: If the names differ or a state is malformed.
    """
    expected = set(capture(generators, device))
    if expected != set(states):
        raise errors.CheckpointError(
            f"The checkpoint holds states of the generators {sorted(states)}, but this run has "
            f"{sorted(expected)}; resume with the same generators and the same kind of device."
        )
    try:
        torch.set_rng_state(states["default:cpu"])
        if "default:cuda" in states:
            torch.cuda.set_rng_state(states["default:cuda"], device)
        for name, generator in generators.items():
            generator.set_state(states[f"own:{name}"])
    except (RuntimeError, TypeError) as error:
        raise errors.CheckpointError(f"A generator state is malformed: {error}") from error
