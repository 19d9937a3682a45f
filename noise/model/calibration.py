"""From calibration data to channels: the depolarizing strength that explains a gate's error.

A gate of average infidelity e and duration t on k qubits with T1, T2 is modelled as depolarizing
noise followed by thermal relaxation of each qubit. For relaxation alone the entanglement fidelity
is the mean of its transfer matrix's diagonal, a product over qubits. Depolarizing noise of strength
lam mixes its average gate fidelity F_r with that of the completely depolarizing channel, 1/d:

    1 - e = (1 - lam) F_r + lam / d    =>    lam = (F_r - (1 - e)) / (F_r - 1/d),   d = 2^k.

References:
    Nielsen, Phys. Lett. A 303, 249 (2002), for the fidelity; the composition is that of Qiskit
    Aer's `NoiseModel.from_backend`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Coherence:
    """Relaxation times of a qubit in seconds; infinite where there is no relaxation.

    Attributes:
        t1: Relaxation time.
        t2: Dephasing time, at most 2 t1.
    """

    t1: float
    t2: float

    @property
    def relaxes(self) -> bool:
        """Whether any of the times is finite."""
        return math.isfinite(self.t1) or math.isfinite(self.t2)


def relaxation_fidelity(coherences: Sequence[Coherence], time: float) -> float:
    """Average gate fidelity of idling for a time, the qubits relaxing to |0>.

    Args:
        coherences: One per qubit.
        time: Duration in seconds.

    Returns:
        (d F_e + 1) / (d + 1) with F_e = prod_q (1 + 2 e^(-t/T2) + e^(-t/T1)) / 4.
    """
    d = 2 ** len(coherences)
    entanglement = math.prod(
        (1 + 2 * math.exp(-time / c.t2) + math.exp(-time / c.t1)) / 4 for c in coherences
    )
    return (d * entanglement + 1) / (d + 1)


def depolarizing_strength(error: float, relaxed: float, n_qubits: int) -> float:
    """Depolarizing p that brings a gate to its reported error, given what relaxation explains.

    Args:
        error: Reported average infidelity; above d / (d + 1) it is taken as that.
        relaxed: Average gate fidelity of the relaxation alone.
        n_qubits: Number k of qubits.

    Returns:
        p in [0, 4^k / (4^k - 1)]; 0 if relaxation alone exceeds the error.

    >>> depolarizing_strength(0.01, 1.0, 1)
    0.02
    """
    d = 2**n_qubits
    if error <= 1 - relaxed:
        return 0.0
    fidelity = 1 - min(error, d / (d + 1))
    return min((relaxed - fidelity) / (relaxed - 1 / d), d * d / (d * d - 1))
