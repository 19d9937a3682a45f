"""The noisy gates of a circuit, each with the mixture that cancels its noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.ops import Op
from noise.clifford import conjugation_of
from noise.mitigation.pec.noisy import (
    Matrix,
    NoiseSource,
    implementable,
    products,
    support_of,
    transfer_of,
)
from noise.mitigation.pec.quasi import QuasiProbabilities, invert
from noise.mitigation.pulses import NativePaulis


@dataclass(frozen=True, slots=True)
class Site:
    """A noisy gate.

    Attributes:
        position: Which op of the circuit.
        quasi: The mixture that cancels its noise.
        operations: Ops to insert behind it, one tuple for each coefficient.
    """

    position: int
    quasi: QuasiProbabilities
    operations: tuple[tuple[Op, ...], ...]


def find_sites(
    circuit: Circuit,
    source: NoiseSource,
    paulis: NativePaulis,
    *,
    resets: bool,
    twirled: Sequence[str] | None = None,
) -> list[Site]:
    """The ops of a lowered circuit behind which the noise model puts noise.

    Args:
        circuit: The circuit.
        source: The noise model.
        paulis: Native gates for Paulis.
        resets: Whether resets may be inserted.
        twirled: Names of two-qubit Clifford gates whose noise is twirled (empty: all of them), or
            `None`.

    Raises:
        UnsupportedOperationError: If the noise of an op cannot be cancelled, naming it.
    """
    local: dict[int, tuple[list[tuple[Op, ...]], Matrix]] = {}
    sites = []
    for position, op in enumerate(circuit.ops):
        channels = () if op.is_channel else tuple(source.channels_for(op))
        if not channels:
            continue
        qubits = support_of(op, channels)
        noise = transfer_of(channels, qubits)
        if _is_twirled(op, twirled):
            noise = np.diag(np.diag(noise))
        if np.abs(noise - np.eye(len(noise))).max() < 1e-15:
            continue
        for q in qubits:
            if q not in local:
                local[q] = implementable(source, paulis, q, resets=resets)
        quasi = invert(noise, products([local[q][1] for q in qubits]))
        if quasi is None:
            raise UnsupportedOperationError(_unreachable(position, op, resets))
        sites.append(Site(position, quasi, _operations(quasi, [local[q][0] for q in qubits])))
    return sites


def inserted(circuit: Circuit, sites: Sequence[Site], choice: Sequence[int]) -> Circuit:
    """The circuit with one of its operations inserted behind each site."""
    behind = {site.position: site.operations[k] for site, k in zip(sites, choice, strict=True)}
    ops = [
        part for position, op in enumerate(circuit.ops) for part in (op, *behind.get(position, ()))
    ]
    return Circuit(circuit.n_qubits, ops)


def _operations(
    quasi: QuasiProbabilities, local: Sequence[list[tuple[Op, ...]]]
) -> tuple[tuple[Op, ...], ...]:
    found = []
    for number in quasi.numbers:
        ops: tuple[Op, ...] = ()
        for table in local:
            number, digit = divmod(number, len(table))
            ops += table[digit]
        found.append(ops)
    return tuple(found)


def _is_twirled(op: Op, twirled: Sequence[str] | None) -> bool:
    if twirled is None or len(op.qubits) != 2 or conjugation_of(op) is None:
        return False
    return not twirled or op.name in twirled


def _unreachable(position: int, op: Op, resets: bool) -> str:
    means = "Paulis and resets" if resets else "Paulis alone (resets=False)"
    return (
        f"The noise of operation {position} (`{op!r}`) cannot be cancelled by {means}: it is not "
        "invertible, or not made of Pauli noise and relaxation. Coherent and other noise becomes "
        "Pauli noise by twirling: PEC(PauliTwirling(backend), noise_model)."
    )
