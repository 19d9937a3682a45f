"""Small data and models for the training tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

Pair = tuple[torch.Tensor, torch.Tensor]


def blobs(n: int = 60, classes: int = 3, dtype: torch.dtype = torch.float64, seed: int = 0) -> Pair:
    """Points in the plane around one centre per class."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % classes
    angle = 2 * torch.pi * y / classes
    centres = torch.stack([angle.cos(), angle.sin()], dim=1)
    return (centres + 0.3 * torch.randn(n, 2, generator=generator)).to(dtype), y


def mlp(
    outputs: int = 3, dtype: torch.dtype = torch.float64, seed: int = 0, dropout: float = 0.2
) -> nn.Module:
    """A network with dropout and batch normalisation, i.e. with generator use and buffers."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Linear(2, 8),
            nn.BatchNorm1d(8),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(8, outputs),
        )
    return model.to(dtype)


def assert_same_state(a: Any, b: Any) -> None:
    """Asserts that two modules (or state dictionaries) are equal bit for bit."""
    a, b = (m.state_dict() if isinstance(m, nn.Module) else m for m in (a, b))
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        assert torch.equal(a[name], b[name]), name
