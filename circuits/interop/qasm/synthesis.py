"""Exact decompositions into one-qubit gates and CX, for ops that OpenQASM has no word for.

Unitaries by the quantum Shannon decomposition (Shende, Bullock, Markov, IEEE TCAD 25, 1000
(2006)), states by disentangling one qubit after the other (Moettoenen et al., Quant. Inf. Comput.
5, 467 (2005)), controlled phases as phase polynomials along a Gray code.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence

import numpy as np

from circuits import gates as g
from circuits.ops import Op

_TINY = 1e-15


def one_qubit(matrix: np.ndarray, qubit: int) -> list[Op]:
    """A 2x2 unitary as `u` and a global phase."""
    cosine, sine = abs(matrix[0, 0]), abs(matrix[1, 0])
    theta = 2 * math.atan2(sine, cosine)
    if cosine > sine:
        phase = cmath.phase(matrix[0, 0])
        both = cmath.phase(matrix[1, 1]) - phase
        phi = cmath.phase(matrix[1, 0]) - phase if sine > _TINY else 0.0
        lam = both - phi
    else:
        # Where the diagonal may vanish the phase is spread over the other diagonal.
        phi, phase = cmath.phase(matrix[1, 0]), 0.0
        lam = cmath.phase(-matrix[0, 1])
        if cosine > _TINY:
            phase = cmath.phase(matrix[0, 0])
            phi, lam = phi - phase, lam - phase
    ops = [g.u(theta, phi, lam, qubit)]
    return ops if phase == 0 else [*ops, g.global_phase(phase)]


def unitary(matrix: np.ndarray, qubits: Sequence[int]) -> list[Op]:
    """A unitary `(2**n, 2**n)`; `qubits[0]` is the least significant bit."""
    if len(qubits) == 1:
        return one_qubit(matrix, qubits[0])
    from scipy.linalg import cossin

    half = len(matrix) // 2
    (left_0, left_1), angles, (right_0, right_1) = cossin(matrix, p=half, q=half, separate=True)
    top, rest = qubits[-1], qubits[:-1]
    return [
        *_multiplexed_unitary(right_0, right_1, top, rest),
        *multiplexed(g.ry, 2 * np.asarray(angles), top, rest),
        *_multiplexed_unitary(left_0, left_1, top, rest),
    ]


def _multiplexed_unitary(
    first: np.ndarray, second: np.ndarray, top: int, rest: Sequence[int]
) -> list[Op]:
    """`first` where the top qubit is 0, `second` where it is 1."""
    from scipy.linalg import schur

    triangle, vectors = schur(first @ second.conj().T, output="complex")
    half_phases = np.angle(np.diag(triangle)) / 2
    diagonal = np.exp(1j * half_phases)
    inner = (diagonal[:, None] * vectors.conj().T) @ second
    return [
        *unitary(inner, rest),
        *multiplexed(g.rz, -2 * half_phases, top, rest),
        *unitary(vectors, rest),
    ]


def multiplexed(
    rotation: Callable[[float, int], Op], angles: np.ndarray, target: int, controls: Sequence[int]
) -> list[Op]:
    """Rotate the target by `angles[j]` where the controls are in the basis state j.

    Args:
        rotation: `gates.ry` or `gates.rz`.
        angles: `(2**k,)`, bit i of the index belonging to `controls[i]`.
        target: The rotated qubit.
        controls: The k other qubits.
    """
    if not controls:
        return [rotation(float(angles[0]), target)]
    size = len(angles)
    order = [j ^ (j >> 1) for j in range(size)]
    ops: list[Op] = []
    for j, code in enumerate(order):
        signs = np.array([(-1) ** (code & k).bit_count() for k in range(size)])
        ops.append(rotation(float(signs @ angles) / size, target))
        changed = code ^ order[(j + 1) % size]
        ops.append(g.cx(controls[changed.bit_length() - 1], target))
    return ops


def state(amplitudes: np.ndarray, qubits: Sequence[int]) -> list[Op]:
    """Ops that take |0...0> to the amplitudes `(2**n,)`; `qubits[0]` is the lowest bit."""
    if not qubits:
        return [g.global_phase(cmath.phase(amplitudes[0]))]
    low, high = amplitudes[0::2], amplitudes[1::2]
    thetas = 2 * np.arctan2(np.abs(high), np.abs(low))
    phases_low, phases_high = np.angle(low), np.angle(high)
    norms = np.hypot(np.abs(low), np.abs(high))
    rest = norms * np.exp(0.5j * (phases_low + phases_high))
    return [
        *state(rest, qubits[1:]),
        *multiplexed(g.ry, thetas, qubits[0], qubits[1:]),
        *multiplexed(g.rz, phases_high - phases_low, qubits[0], qubits[1:]),
    ]


def controlled_phase(angle: float, qubits: Sequence[int]) -> list[Op]:
    """e^{i angle} where all qubits are 1: angle/2^(m-1) times a signed sum of parities."""
    if len(qubits) == 1:
        return [g.p(angle, qubits[0])]
    if len(qubits) == 2:
        return [g.cp(angle, *qubits)]
    part = angle / 2 ** (len(qubits) - 1)
    ops: list[Op] = []
    for k, target in enumerate(qubits):
        size = 2**k
        order = [j ^ (j >> 1) for j in range(size)]
        for j, code in enumerate(order):
            ops.append(g.p(part * (-1) ** code.bit_count(), target))
            changed = code ^ order[(j + 1) % size]
            if changed:
                ops.append(g.cx(qubits[changed.bit_length() - 1], target))
    return ops


def controlled_one_qubit(matrix: np.ndarray, controls: Sequence[int], target: int) -> list[Op]:
    """A 2x2 unitary where all controls are 1, through its eigenphases."""
    from scipy.linalg import schur

    triangle, vectors = schur(matrix, output="complex")
    first, second = (float(phase) for phase in np.angle(np.diag(triangle)))
    middle = controlled_phase(second - first, [*controls, target])
    if first:
        middle = [*middle, *controlled_phase(first, controls)]
    forward, back = one_qubit(vectors.conj().T, target), one_qubit(vectors, target)
    return [*forward, *middle, *back]
