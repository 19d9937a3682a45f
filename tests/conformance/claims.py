"""The lists that new backends and differentiation methods are added to."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import Any

import circuits
from circuits import Backend, DensityMatrix, StateVector
from noise import ZNE, Depolarizing, NoiseModel, PauliPropagation, PauliTransfer, Trajectories
from qml.conformance import CHECKS, MODULE


@dataclass(frozen=True)
class BackendClaim:
    """A backend and what it promises beyond the laws of `Backend`.

    Attributes:
        backend: The backend.
        atol: How far exact values may be from the true ones in float64.
        channels: Whether circuits may hold Kraus channels.
        samples: Whether it draws samples and estimates from shots.
        bases: Whether it measures requested qubits in other bases than Z; it raises if not.
        exact: Whether `shots=None` is possible.
        follows_dtype: Whether it computes in the dtype of the values.
        seeded: Whether a request's generator decides what is drawn; it refuses one if not.
    """

    backend: Backend
    atol: float = 1e-12
    channels: bool = False
    samples: bool = True
    bases: bool = True
    exact: bool = True
    follows_dtype: bool = True
    seeded: bool = True

    @property
    def name(self) -> str:
        return repr(self.backend)


NOISE = NoiseModel().add(Depolarizing(0.01, 2), gates="cx")
BACKENDS = [
    BackendClaim(StateVector()),
    BackendClaim(StateVector("torch")),
    BackendClaim(DensityMatrix(), channels=True),
    BackendClaim(DensityMatrix("torch"), channels=True),
    BackendClaim(PauliTransfer(), channels=True),
    BackendClaim(PauliTransfer(engine="torch"), channels=True),
    BackendClaim(PauliPropagation(), channels=True, samples=False),
    BackendClaim(Trajectories(None, 100, generator=1), channels=True),
]

if importlib.util.find_spec("qiskit") is not None:
    from qiskit.primitives import StatevectorEstimator, StatevectorSampler

    reference = circuits.Primitives(StatevectorEstimator(seed=1), StatevectorSampler(seed=2))
    BACKENDS.append(BackendClaim(reference, seeded=False))

if importlib.util.find_spec("qiskit_aer") is not None:
    BACKENDS += [
        BackendClaim(circuits.Aer(), channels=True),
        BackendClaim(circuits.Aer("density_matrix"), channels=True),
        BackendClaim(circuits.Aer("matrix_product_state"), atol=1e-10),
    ]

if importlib.util.find_spec("qiskit_ibm_runtime") is not None:
    from qiskit_aer import AerSimulator

    BACKENDS += [
        BackendClaim(circuits.IBM(AerSimulator(), None, primitive=primitive), exact=False)
        for primitive in ("estimator", "sampler")
    ]

if importlib.util.find_spec("pennylane") is not None:
    BACKENDS += [
        BackendClaim(circuits.PennyLane("default.qubit")),
        BackendClaim(circuits.PennyLane("default.mixed"), channels=True),
        BackendClaim(circuits.PennyLane("lightning.qubit"), atol=1e-10),
    ]


@dataclass(frozen=True)
class LayerClaim:
    """A way to run layers, and the checks of `qml.conformance` that it claims."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    claims: tuple[str, ...] = tuple(CHECKS)


_UNCOMPILED = tuple(name for name in CHECKS if name != "compile")

LAYERS = [
    LayerClaim("default"),
    LayerClaim("torch-engine", {"backend": StateVector("torch")}),
    LayerClaim("backprop", {"diff_method": "backprop"}),
    LayerClaim("density", {"backend": DensityMatrix()}, _UNCOMPILED),
    LayerClaim("density-torch", {"backend": DensityMatrix("torch")}, _UNCOMPILED),
    LayerClaim("pauli-transfer", {"backend": PauliTransfer()}, _UNCOMPILED),
    LayerClaim("pauli-transfer-torch", {"backend": PauliTransfer(engine="torch")}, _UNCOMPILED),
    LayerClaim("zne", {"backend": ZNE(PauliTransfer(NOISE))}, _UNCOMPILED),
    LayerClaim("parameter-shift", {"diff_method": "parameter-shift"}, (*MODULE, "gradients")),
    LayerClaim(
        "density-shift",
        {"diff_method": "parameter-shift", "backend": DensityMatrix()},
        (*MODULE, "gradients"),
    ),
    LayerClaim("spsa", {"diff_method": "spsa", "generator": 3}, MODULE),
]

if importlib.util.find_spec("qiskit_aer") is not None:
    LAYERS.append(LayerClaim("aer", {"backend": circuits.Aer()}, (*MODULE, "gradients")))

if importlib.util.find_spec("pennylane") is not None:
    device = circuits.PennyLane("default.qubit")
    LAYERS.append(LayerClaim("pennylane", {"backend": device}, (*MODULE, "gradients")))
