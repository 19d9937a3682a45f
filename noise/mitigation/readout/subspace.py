"""Readout error undone on the bitstrings that were seen, so that many qubits are cheap.

The confusion matrix of k qubits has 4^k entries, but all but a few of the 2^k bitstrings have no
counts. Kept are the rows and columns of the seen ones; columns of what a prepared bitstring is
read as are normalised, since reading stays among the seen ones. One solve then gives
quasi-probabilities of the seen bitstrings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from circuits.arguments import integer, one_of
from circuits.errors import ShapeError, SolverError
from noise.mitigation.readout.confusion import check_confusion, inverse_confusion
from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes, as_mapping
from noise.mitigation.readout.projection import nearest_distribution
from noise.mitigation.readout.transition import hamming, transition_matrix

_DIRECT = 700  # bitstrings up to which factorising is as fast as iterating
_HELD = 2**26  # entries of a matrix that is kept
_BLOCK = 2**22  # entries that are made at once where it is not
_TOLERANCE = 1e-9
_METHODS = ("auto", "direct", "iterative")


@final
@dataclass(frozen=True, eq=False)
class QuasiDistribution:
    """Quasi-probabilities of measured bitstrings.

    Attributes:
        bits: `(m, k)`, column j the j-th measured qubit.
        values: `(m,)`, of the rows of `bits`; they sum to one and may be negative.
    """

    bits: Bits
    values: Floats

    @property
    def distribution(self) -> dict[str, float]:
        """Bitstring to quasi-probability, largest first; column 0 is the rightmost character."""
        return as_mapping(self.bits, self.values)

    @property
    def negativity(self) -> float:
        """sum_i |q_i|, at least 1. Its square bounds the growth of the variance of means."""
        return float(np.abs(self.values).sum())

    def nearest(self) -> dict[str, float]:
        """The nearest probability distribution, zeros left out."""
        values = nearest_distribution(self.values)
        return as_mapping(self.bits[values > 0], values[values > 0])


@final
class SubspaceInverse:
    """The reduced confusion matrix of a set of outcomes, ready to be solved.

    Args:
        counts: Bitstring to count, or samples `(shots, k)`.
        confusions: `(k, 2, 2)`, row prepared, column read, column order of the bits.
        distance: Entries between bitstrings that differ in more bits are left out; `None` keeps
            all. Small distances are an approximation for many flips.
        method: `"direct"` factorises, `"iterative"` runs GMRES with the diagonal as
            preconditioner, `"auto"` is direct up to several hundred bitstrings.

    Raises:
        ShapeError: If there is not one confusion matrix per bit.
        InvalidArgumentError: If there are no shots, or a matrix is invalid or singular.

    References:
        Nation, Kang, Sundaresan, Gambetta, PRX Quantum 2, 040326 (2021).
    """

    def __init__(
        self, counts: Any, confusions: Any, *, distance: int | None = None, method: str = "auto"
    ) -> None:
        self.outcomes = Outcomes.of(counts)
        self._confusions = check_confusions(confusions, self.outcomes.n_bits)
        self._distance = None if distance is None else integer(distance, "distance", minimum=0)
        size = len(self.outcomes.counts)
        chosen = one_of(method, _METHODS, "method")
        self.direct = chosen == "direct" or (chosen == "auto" and size <= _DIRECT)
        self._block = max(1, _BLOCK // size)
        self._matrix = self._rows(0, size) if self.direct or size**2 <= _HELD else None
        self._scale = 1 / self._column_sums()
        self._factors: Any = None

    def quasi(self) -> QuasiDistribution:
        """Quasi-probabilities of the seen bitstrings.

        Raises:
            SolverError: If the system is singular or iterations do not converge.
        """
        values = self._solve(self.outcomes.frequencies[:, None], transposed=False)[:, 0]
        return QuasiDistribution(self.outcomes.bits, values)

    def means(self, observed: Floats) -> tuple[Floats, Floats]:
        """Mitigated means and their variances of functions of the outcome.

        <f> = f^T A^-1 p = y^T p with A^T y = f: the mean over the shots of y, whose sample
        variance over the number of shots is the squared standard error.

        Args:
            observed: Values of t functions on the outcomes `(m, t)`.

        Returns:
            Means `(t,)` and variances `(t,)` (NaN for a single shot).
        """
        per_shot = self._solve(observed, transposed=True)
        shots, frequencies = self.outcomes.shots, self.outcomes.frequencies
        means = frequencies @ per_shot
        spread = frequencies @ (per_shot - means) ** 2
        return means, spread / (shots - 1) if shots > 1 else np.full_like(means, np.nan)

    def _rows(self, start: int, stop: int) -> Floats:
        """Rows of the matrix before its columns are normalised."""
        bits = self.outcomes.bits
        rows = transition_matrix(bits[start:stop], bits, self._confusions)
        if self._distance is not None:
            rows[hamming(bits[start:stop], bits) > self._distance + 0.5] = 0
        return rows

    def _column_sums(self) -> Floats:
        ones = np.ones(len(self.outcomes.counts))
        return self._rough(ones, transposed=True)

    def _rough(self, vector: Floats, *, transposed: bool) -> Floats:
        """The matrix before normalisation times a vector, in blocks if it is not held."""
        if self._matrix is not None:
            result: Floats = (self._matrix.T if transposed else self._matrix) @ vector
            return result
        size = len(vector)
        total = np.zeros(size)
        for start in range(0, size, self._block):
            stop = min(start + self._block, size)
            rows = self._rows(start, stop)
            if transposed:
                total += rows.T @ vector[start:stop]
            else:
                total[start:stop] = rows @ vector
        return total

    def _times(self, vector: Floats, *, transposed: bool) -> Floats:
        if transposed:
            return self._scale * self._rough(vector, transposed=True)
        return self._rough(self._scale * vector, transposed=False)

    def _solve(self, right: Floats, *, transposed: bool) -> Floats:
        if self.direct:
            if self._factors is None:
                assert self._matrix is not None
                self._factors = _factorised(self._matrix * self._scale)
            solved = scipy.linalg.lu_solve(self._factors, right, trans=1 if transposed else 0)
            return np.asarray(solved, dtype=np.float64)
        columns = [self._iterate(column, transposed=transposed) for column in right.T]
        return np.stack(columns, axis=1)

    def _iterate(self, right: Floats, *, transposed: bool) -> Floats:
        size = len(right)
        diagonal = self._diagonal() * self._scale

        def apply(vector: Floats) -> Floats:
            return self._times(vector.ravel(), transposed=transposed)

        found, left = scipy.sparse.linalg.gmres(
            scipy.sparse.linalg.LinearOperator((size, size), matvec=apply, dtype=np.float64),
            right,
            x0=right / diagonal,
            rtol=_TOLERANCE,
            restart=50,
            maxiter=20,
            M=scipy.sparse.linalg.LinearOperator(
                (size, size), matvec=lambda v: v.ravel() / diagonal, dtype=np.float64
            ),
        )
        if left:
            raise SolverError(
                f"The readout correction of {size} bitstrings did not converge in 1000 iterations: "
                "the flip probabilities are too large for the outcomes that were seen. Use "
                "method='direct', fewer qubits, or noise.mitigation.QCluster."
            )
        result: Floats = found
        return result

    def _diagonal(self) -> Floats:
        bits = self.outcomes.bits
        stay = np.where(bits == 1, self._confusions[:, 1, 1], self._confusions[:, 0, 0])
        result: Floats = stay.prod(1)
        return result


def check_confusions(confusions: Any, n_bits: int) -> Floats:
    """Confusion matrices `(k, 2, 2)`, checked to be one per bit, stochastic and invertible."""
    given = list(confusions)
    if len(given) != n_bits:
        raise ShapeError(
            f"Argument `confusions` must hold one 2 x 2 matrix for each of {n_bits} measured bits, "
            f"got {len(given)}."
        )
    checked = [check_confusion(c, f"confusions[{j}]") for j, c in enumerate(given)]
    for j, matrix in enumerate(checked):
        inverse_confusion(matrix, f"confusions[{j}]")
    return np.stack(checked)


def _factorised(matrix: Floats) -> Any:
    factors, pivots = scipy.linalg.lu_factor(matrix, check_finite=False)
    smallest = np.abs(np.diag(factors)).min()
    if not smallest > 1e-13 * np.abs(np.diag(factors)).max():
        raise SolverError(
            "The readout correction is singular on the bitstrings that were seen. Use a smaller "
            "`distance`, fewer qubits, or a calibration with smaller errors."
        )
    return factors, pivots
