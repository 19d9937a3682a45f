"""The inverse of a noise channel as a quasi-probability mixture of operations.

Pure functions of Pauli transfer matrices: R[i, j] = Tr(P_i E(P_j)) / 2**k, the first qubit least
significant.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_TOLERANCE = 1e-9
_NEGLIGIBLE = 1e-10


@dataclass(frozen=True, slots=True)
class QuasiProbabilities:
    """Coefficients of a mixture that cancels a channel.

    Attributes:
        numbers: `(k,)` which operations of the basis take part.
        coefficients: `(k,)`, of either sign; they sum to 1.
    """

    numbers: tuple[int, ...]
    coefficients: tuple[float, ...]

    @property
    def gamma(self) -> float:
        """Sum of absolute coefficients: the standard error grows by this factor."""
        return sum(map(abs, self.coefficients))


def invert(channel: Matrix, basis: Matrix) -> QuasiProbabilities | None:
    """Coefficients c of least sum |c| with (sum_b c_b B_b) R = 1.

    Args:
        channel: Pauli transfer matrix R of the noise, `(d, d)`.
        basis: Transfer matrices B of the operations that can follow it, `(m, d, d)`.

    Returns:
        The coefficients; `None` if R has no inverse or the operations do not span it.

    References:
        Temme, Bravyi, Gambetta, Phys. Rev. Lett. 119, 180509 (2017); the linear program follows
        Takagi, Phys. Rev. Research 3, 033178 (2021), section II.

    >>> flip = np.diag([1.0, 1.0, 0.8, 0.8])  # a bit flip with probability 0.1
    >>> paulis = np.stack([np.eye(4), np.diag([1.0, 1.0, -1.0, -1.0])])
    >>> invert(flip, paulis).coefficients
    (1.125, -0.125)
    """
    size = len(channel)
    return _inverted(channel.tobytes(), basis.tobytes(), size)


@functools.lru_cache(maxsize=1024)
def _inverted(channel: bytes, basis: bytes, size: int) -> QuasiProbabilities | None:
    noise = np.frombuffer(channel).reshape(size, size)
    operations = np.frombuffer(basis).reshape(-1, size * size)
    if np.linalg.cond(noise) > 1 / _NEGLIGIBLE:
        return None
    target = np.linalg.inv(noise).ravel()
    used = np.abs(operations).max(axis=0) + np.abs(target) > _NEGLIGIBLE
    columns, goal = operations[:, used].T, target[used]
    if np.abs(_solved(columns, goal)[1]).max() > _TOLERANCE:
        return None
    return _refined(columns, goal, _least(columns, goal))


def _least(columns: Matrix, goal: Matrix) -> Matrix:
    """The solution of least 1-norm, to the tolerance of the linear program."""
    m = columns.shape[1]
    found = scipy.optimize.linprog(
        np.ones(2 * m), A_eq=np.hstack([columns, -columns]), b_eq=goal, method="highs"
    )
    if found.x is None:
        return np.zeros(m)
    best = np.asarray(found.x, dtype=np.float64)
    return best[:m] - best[m:]


def _refined(columns: Matrix, goal: Matrix, rough: Matrix) -> QuasiProbabilities:
    """Solve again to rounding error, on the support of the rough solution if that suffices."""
    support = np.flatnonzero(np.abs(rough) > _TOLERANCE)
    if len(support):
        sharp, rest = _solved(columns[:, support], goal)
        if np.abs(rest).max() <= _TOLERANCE:
            return _kept(support, sharp)
    return _kept(np.arange(columns.shape[1]), _solved(columns, goal)[0])


def _solved(columns: Matrix, goal: Matrix) -> tuple[Matrix, Matrix]:
    solution: Matrix = np.linalg.lstsq(columns, goal, rcond=None)[0].astype(np.float64)
    return solution, columns @ solution - goal


def _kept(numbers: NDArray[np.intp], coefficients: Matrix) -> QuasiProbabilities:
    pairs = [(int(n), float(c)) for n, c in zip(numbers, coefficients, strict=True)]
    large = [(n, c) for n, c in pairs if abs(c) > 1e-14]
    return QuasiProbabilities(tuple(n for n, _ in large), tuple(c for _, c in large))
