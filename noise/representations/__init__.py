"""Representations of channels and the conversions between them, and how far channels are apart.

| name | is |
|---|---|
| `kraus` | operators `(m, d, d)`: E(rho) = sum_m K_m rho K_m^dagger |
| `choi` | `(d^2, d^2)`: sum_ij |i><j| (x) E(|i><j|), input more significant, trace d |
| `superoperator` | `(d^2, d^2)`: vec(E(rho)) = S vec(rho), vec stacks columns |
| `ptm` | `(4^k, 4^k)`, real: R[i, j] = Tr(P_i E(P_j)) / 2^k |
| `chi` | `(4^k, 4^k)`: E(rho) = sum_ij chi[i, j] P_i rho P_j, trace 1 |

d = 2^k. The base-4 digits of a Pauli index are (I, X, Y, Z) = (0, 1, 2, 3), the digit of the first
qubit least significant. Choi matrix and superoperator are Qiskit's; Qiskit's chi matrix is d times
ours.
"""

from __future__ import annotations

from noise.representations.checks import check_cptp, deviation_from_cptp
from noise.representations.convert import (
    chi_to_choi,
    choi_to_chi,
    choi_to_kraus,
    choi_to_ptm,
    choi_to_superoperator,
    kraus_to_choi,
    kraus_to_ptm,
    kraus_to_superoperator,
    ptm_to_chi,
    ptm_to_choi,
    ptm_to_kraus,
    ptm_to_superoperator,
    superoperator_to_choi,
    superoperator_to_ptm,
)
from noise.representations.distances import (
    average_gate_fidelity,
    diamond_distance_bound,
    process_fidelity,
)

__all__ = [
    "average_gate_fidelity",
    "check_cptp",
    "chi_to_choi",
    "choi_to_chi",
    "choi_to_kraus",
    "choi_to_ptm",
    "choi_to_superoperator",
    "deviation_from_cptp",
    "diamond_distance_bound",
    "kraus_to_choi",
    "kraus_to_ptm",
    "kraus_to_superoperator",
    "process_fidelity",
    "ptm_to_chi",
    "ptm_to_choi",
    "ptm_to_kraus",
    "ptm_to_superoperator",
    "superoperator_to_choi",
    "superoperator_to_ptm",
]
