"""Who takes part: us in two precisions, and every other simulator that is installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import torch

OURS, OURS32 = "ketwork", "ketwork-float32"
DTYPES = {OURS: torch.float64, OURS32: torch.float32}


@dataclass(frozen=True)
class Contestant:
    """One way to run the workloads.

    Attributes:
        key: Name on the command line and in tables.
        module: Module below `qml.bench.peers`.
        cls: Its class.
        packages: Packages that it imports.
        distributions: Distributions whose versions are reported; the names for pip.
        options: Arguments of the class.
        exact: Whether it computes in double precision.
    """

    key: str
    module: str
    cls: str
    packages: tuple[str, ...]
    distributions: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    exact: bool = True

    @property
    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [package for package in self.packages if find_spec(package) is None]

    @property
    def versions(self) -> str:
        """Distributions with their versions."""
        return ", ".join(f"{name} {metadata.version(name)}" for name in self.distributions)

    def load(self) -> Any:
        """The adapter; imports the packages."""
        module = importlib.import_module(f"qml.bench.peers.{self.module}")
        return getattr(module, self.cls)(**self.options)


PEERS = {
    peer.key: peer
    for peer in (
        Contestant("default.qubit", "pennylane", "DefaultQubit", ("pennylane",), ("pennylane",)),
        Contestant(
            "lightning.qubit",
            "pennylane",
            "LightningQubit",
            ("pennylane", "pennylane_lightning"),
            ("pennylane-lightning",),
        ),
        Contestant(
            "tensorcircuit",
            "tensorcircuit",
            "TensorCircuit",
            ("tensorcircuit", "jax"),
            ("tensorcircuit-ng", "jax"),
        ),
        Contestant("pyqtorch", "pyqtorch", "PyQTorch", ("pyqtorch",), ("pyqtorch",)),
        Contestant("qulacs", "qulacs", "Qulacs", ("qulacs",), ("qulacs",)),
        Contestant(
            "qiskit-ml",
            "qiskit_ml",
            "QiskitML",
            ("qiskit", "qiskit_machine_learning"),
            ("qiskit-machine-learning", "qiskit"),
        ),
    )
}
"""The other simulators, by name."""


def ours(engine: str, dtype: str, device: str) -> list[Contestant]:
    """Ourselves.

    Args:
        engine: As for `circuits.StateVector`.
        dtype: `"float64"`, `"float32"` or `"both"`.
        device: Where tensors live: `"cpu"` or `"cuda"`.
    """
    names = {"float64": OURS, "float32": OURS32}
    chosen = names if dtype == "both" else [dtype]
    return [
        Contestant(
            names[name],
            "ours",
            "Ours",
            (),
            ("torch",),
            {"engine": engine, "dtype": name, "device": device},
            exact=name == "float64",
        )
        for name in chosen
    ]
