"""The same questions to every backend: circuits, observables, and how far answers may lie apart.

Bounds of sampled answers hold for any number of shots, not only for many. An observable
sum_i c_i P_i estimated from n shots (of whatever groups of its strings) is sub-Gaussian with
variance proxy C^2 / n, C = sum_i |c_i| without the identity, so that

    P(|estimate - truth| >= t) <= 2 exp(-n t^2 / (2 C^2))    (Hoeffding),

and t = C sqrt(2 ln(2 / delta) / n) is exceeded with probability delta at most. The same holds for
normal errors of standard deviation C / sqrt(n) and less. `DELTA` is the share of one comparison in
a total of 1e-6 for the whole suite.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

import circuits
from circuits import (
    Backend,
    Circuit,
    DensityMatrix,
    PauliSum,
    Request,
    StateVector,
    inputs,
    weights,
)
from circuits import gates as g
from noise import PauliPropagation, PauliTransfer, Trajectories

COMPARISONS = 4000
"""More than the suite makes; `test_parity` checks that."""
DELTA = 1e-6 / COMPARISONS
SHOTS = 4000

OBSERVED = (
    PauliSum("Z0"),
    PauliSum("X0 Y1"),
    PauliSum({"ZZI": 1.0, "IXX": 0.5, "": 0.25}),
    PauliSum({"": 2.0}),
    PauliSum("Y2"),
)
SAMPLED = (2, 0)
BASES = "XY"


@dataclass(frozen=True)
class Way:
    """A backend in the suite.

    Attributes:
        name: Shown in the tests.
        make: Makes it.
        exact: How far exact values may be from the truth in float64; `None` where it has none.
        shots: Whether it measures.
        seeded: Whether requests may bring a generator.
    """

    name: str
    make: Callable[[], Backend]
    exact: float | None = 1e-12
    shots: bool = True
    seeded: bool = True


WAYS = [
    Way("state-vector", StateVector),
    Way("state-vector-torch", lambda: StateVector("torch")),
    Way("density-matrix", DensityMatrix),
    Way("pauli-transfer", PauliTransfer),
    Way("pauli-transfer-torch", lambda: PauliTransfer(engine="torch")),
    Way("trajectories", lambda: Trajectories(None, 10, generator=1)),
]

if importlib.util.find_spec("qiskit") is not None:
    from qiskit.primitives import StatevectorEstimator, StatevectorSampler

    WAYS += [
        Way("primitives", lambda: circuits.Primitives(
            StatevectorEstimator(seed=1), StatevectorSampler(seed=2)), seeded=False),
        Way("sampler", lambda: circuits.Primitives(sampler=StatevectorSampler(seed=3)),
            exact=None, seeded=False),
    ]  # fmt: skip

if importlib.util.find_spec("qiskit_aer") is not None:
    WAYS += [
        Way("aer", lambda: circuits.Aer()),
        Way("aer-density-matrix", lambda: circuits.Aer("density_matrix")),
        Way("aer-product-state", lambda: circuits.Aer("matrix_product_state"), exact=1e-10),
    ]

if importlib.util.find_spec("pennylane") is not None:
    WAYS += [
        Way("pennylane", lambda: circuits.PennyLane("default.qubit")),
        Way("pennylane-mixed", lambda: circuits.PennyLane("default.mixed")),
        Way("pennylane-lightning", lambda: circuits.PennyLane("lightning.qubit"), exact=1e-10),
    ]

if all(importlib.util.find_spec(name) for name in ("qiskit_ibm_runtime", "qiskit_aer")):
    from tests.conformance.quiet import Quiet

    WAYS += [
        Way("ibm-local", lambda: circuits.IBM(Quiet(), SHOTS), exact=None),
        Way("ibm-local-sampler", lambda: circuits.IBM(Quiet(), SHOTS, primitive="sampler"),
            exact=None),
    ]  # fmt: skip

PROPAGATION = Way("pauli-propagation", PauliPropagation, shots=False)


def mixed() -> Circuit:
    """No symmetry between qubits, inputs and weights in products, gates in several directions."""
    x, w = inputs(2), weights(2)
    return Circuit(
        3,
        [
            g.ry(x[0], 0), g.rx(w[0], 1), g.cx(0, 2), g.u(0.1, w[1] * x[1], 0.3, 2),
            g.rzz(x[1], 1, 2), g.h(1), g.cswap(2, 0, 1), g.sdg(0), g.ry(0.4, 0),
        ],
    )  # fmt: skip


def permuted() -> Circuit:
    """Basis states: qubit 0 is 1, qubit 1 is 0, qubit 2 is 1, after two swaps."""
    return Circuit(3, [g.x(1), g.x(2), g.swap(0, 2), g.swap(1, 2), g.global_phase(0.3)])


def rows(points: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(296)
    return (3 * torch.rand(3, 4, generator=generator, dtype=torch.float64))[:points].to(dtype)


def questions(
    shots: int | None, dtype: torch.dtype = torch.float64, seed: int | None = None
) -> list[Request]:
    """Several requests of several kinds, so that their order is at stake too."""
    none = torch.zeros(2, 0, dtype=dtype)
    given: dict[str, int | None] = {"shots": shots, "generator": seed}
    return [
        Request(mixed(), rows(dtype=dtype), OBSERVED, **given),
        Request(permuted(), none, qubits=(0, 1, 2), **given),
        Request(mixed(), rows(2, dtype), qubits=SAMPLED, bases=BASES, **given),
        Request(permuted(), none, [PauliSum("Z1"), PauliSum("Z0")], **given),
        Request(mixed(), rows(dtype=dtype).flip(0), OBSERVED[::-1], **given),
    ]


def answers() -> list[Tensor]:
    """The truth, by dense matrices and state vectors of PyTorch."""
    table = rows()
    states = mixed().statevector(table[:, :2], table[:, 2:])
    columns = [
        torch.einsum(
            "bi,ij,bj->b", states.conj(), torch.as_tensor(o.to_matrix(n_qubits=3)), states
        ).real
        for o in OBSERVED
    ]
    values = torch.stack(columns, dim=1)
    certain = torch.zeros(2, 8, dtype=torch.float64)
    certain[:, 0b101] = 1.0
    return [
        values,
        certain,
        _in_bases(states[:2]),
        torch.tensor([[1.0, -1.0]] * 2, dtype=torch.float64),
        values.flip(0, 1),
    ]


def _in_bases(states: Tensor) -> Tensor:
    """Probabilities of outcomes of X on qubit 2 (bit 0) and Y on qubit 0 (bit 1)."""
    half = math.sqrt(0.5)
    x = torch.tensor([[half, half], [half, -half]], dtype=torch.complex128)
    y = torch.tensor([[half, -1j * half], [half, 1j * half]], dtype=torch.complex128)
    turned = torch.einsum("ai,cj,bikj->bakc", x, y, states.reshape(-1, 2, 2, 2))
    found = turned.abs().square().sum(2)  # axes: point, outcome of qubit 2, outcome of qubit 0
    return found.transpose(1, 2).reshape(-1, 4)


def bound(observable: PauliSum, shots: int) -> float:
    """How far an estimate may be from the truth, but with probability `DELTA`."""
    norm = sum(abs(c) for x, z, c in observable.terms if x | z)
    return norm * math.sqrt(2 * math.log(2 / DELTA) / shots) + 1e-9


def frequency_bound(shots: int) -> float:
    """How far a relative frequency may be from its probability, but with probability `DELTA`."""
    return math.sqrt(math.log(2 / DELTA) / (2 * shots)) + 1e-9
