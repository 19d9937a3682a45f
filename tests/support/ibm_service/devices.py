"""The machines of the service: files that ship with qiskit-ibm-runtime, under names of the cloud.

Nothing of qiskit is imported to read them.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the service.

    Attributes:
        name: Name at the service.
        model: The fake device whose configuration and calibration it has.
        noisy: Whether its jobs are run with the calibration's noise.
    """

    name: str
    model: str
    noisy: bool = True


MACHINES = {
    machine.name: machine
    for machine in (
        Machine("ibm_manila", "manila"),
        Machine("ibm_quiet", "manila", noisy=False),
        Machine("ibm_perth", "perth"),
        Machine("ibm_boston", "boston"),
    )
}
"""5, 5, 7 and 156 qubits."""


@cache
def _file(kind: str, model: str) -> str:
    spec = importlib.util.find_spec("qiskit_ibm_runtime")
    if spec is None or spec.origin is None:
        raise RuntimeError("qiskit-ibm-runtime is not installed")
    folder = Path(spec.origin).parent / "fake_provider" / "backends" / model
    return (folder / f"{kind}_{model}.json").read_text()


def configuration(name: str) -> dict[str, Any]:
    """What `/backends/NAME/configuration` answers."""
    found: dict[str, Any] = json.loads(_file("conf", MACHINES[name].model))
    return {**found, "backend_name": name, "simulator": False, "local": False}


def properties(name: str) -> dict[str, Any]:
    """What `/backends/NAME/properties` answers."""
    found: dict[str, Any] = json.loads(_file("props", MACHINES[name].model))
    return {**found, "backend_name": name}


def listing() -> list[dict[str, Any]]:
    """What `/backends` answers under `devices`."""
    return [
        {
            "name": name,
            "qubits": configuration(name)["n_qubits"],
            "status": {"name": "online"},
            "queue_length": 0,
        }
        for name in MACHINES
    ]
