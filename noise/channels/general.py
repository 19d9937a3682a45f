"""Channels given by their matrices."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from circuits import gates as g
from circuits.errors import ChannelError, ShapeError
from circuits.gates.constructors import as_array
from circuits.ops import Op
from noise.channels.channel import Channel


class Given(Channel):
    """What channels given by an array have in common; the array is read-only."""

    __slots__ = ("_array",)
    _array: np.ndarray

    def _keep(self, array: np.ndarray) -> None:
        array.setflags(write=False)
        object.__setattr__(self, "_array", array)
        self.on(*range(self.n_qubits))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: make a new channel.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Given) or type(other) is not type(self):
            return NotImplemented
        return np.array_equal(self._array, other._array)

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._array.shape, self._array.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (np.array(self._array),)

    def _identity(self) -> PauliTransferMatrix:
        return PauliTransferMatrix(np.eye(4**self.n_qubits))

    def _scaled(self, factor: float) -> PauliTransferMatrix:
        return PauliTransferMatrix(transfer_power(self.transfer().numpy(), factor))


@final
class Kraus(Given):
    """rho -> sum_m K_m rho K_m^dagger.

    Equal are channels of equal operators in equal order. Scaled: see `PauliTransferMatrix`.

    Args:
        operators: Array or tensor `(m, 2**k, 2**k)` with sum_m K_m^dagger K_m = 1 to 1e-6; the
            first qubit is the least significant bit.

    Raises:
        ChannelError: If the trace is not preserved, with the deviation.

    >>> Kraus([[[1, 0], [0, 1]]])
    Kraus(<1x2x2>)
    """

    __slots__ = ()

    def __init__(self, operators: Any) -> None:
        array = as_array(operators, "operators")
        size = array.shape[-1] if array.ndim == 3 else 0
        if size < 2 or size & (size - 1) or array.shape[1] != size or not len(array):
            raise ShapeError(
                "Argument `operators` must have shape (m, 2**k, 2**k) for k >= 1 qubits, got "
                f"{array.shape}."
            )
        self._keep(array)

    @property
    def n_qubits(self) -> int:
        return self._array.shape[-1].bit_length() - 1

    def kraus(self) -> Tensor:
        return torch.tensor(self._array)

    def _op(self, *qubits: int) -> Op:
        return g.kraus(self._array, *qubits)

    def __repr__(self) -> str:
        return f"Kraus(<{'x'.join(map(str, self._array.shape))}>)"


@final
class PauliTransferMatrix(Given):
    """The channel of a Pauli transfer matrix R[i, j] = Tr(P_i E(P_j)) / 2^k.

    Scaled: the matrix is raised to the power `factor`, through its logarithm where the factor is
    no integer. That need not be a channel; where it is none, `scaled` raises.

    Args:
        matrix: Real array or tensor `(4**k, 4**k)` with the first row (1, 0, ..., 0), completely
            positive; both to 1e-6. Base-4 digits of an index are (I, X, Y, Z) = (0, 1, 2, 3), the
            digit of the first qubit least significant.

    Raises:
        ChannelError: If it is not the matrix of a channel, with the deviation.

    >>> PauliTransferMatrix([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]).is_unital
    True
    """

    __slots__ = ()

    def __init__(self, matrix: Any) -> None:
        array = as_array(matrix, "matrix")
        size = 4 ** ((array.shape[-1].bit_length() - 1) // 2) if array.ndim == 2 else 0
        if size < 4 or array.shape != (size, size):
            raise ShapeError(
                "Argument `matrix` must have shape (4**k, 4**k) for k >= 1 qubits, got "
                f"{array.shape}."
            )
        if np.abs(array.imag).max() > 1e-6:
            raise ChannelError(
                "A Pauli transfer matrix is real; the largest imaginary part is "
                f"{np.abs(array.imag).max():.3g}."
            )
        self._keep(np.ascontiguousarray(array.real))

    @property
    def n_qubits(self) -> int:
        return (self._array.shape[-1].bit_length() - 1) // 2

    @property
    def matrix(self) -> np.ndarray:
        """The matrix `(4**k, 4**k)`, read-only."""
        return self._array

    def _op(self, *qubits: int) -> Op:
        return g.transfer_matrix(self._array, *qubits)

    def __repr__(self) -> str:
        return f"PauliTransferMatrix(<{'x'.join(map(str, self._array.shape))}>)"


def transfer_power(matrix: np.ndarray, factor: float) -> np.ndarray:
    """R^factor, by repeated products for integers, else by exp(factor log R).

    Raises:
        ChannelError: If R has no real logarithm (an eigenvalue is zero or negative).
    """
    if float(factor).is_integer():
        return np.linalg.matrix_power(matrix, int(factor))
    eigenvalues = np.linalg.eigvals(matrix)
    wrong = (np.abs(eigenvalues) < 1e-12) | (
        (np.abs(eigenvalues.imag) < 1e-12) & (eigenvalues.real < 0)
    )
    if wrong.any():
        raise ChannelError(
            f"The channel cannot be scaled by {factor}: its transfer matrix has the eigenvalue "
            f"{complex(eigenvalues[wrong][0]):.3g} and no real logarithm. Integers are possible."
        )
    result = scipy.linalg.expm(factor * scipy.linalg.logm(matrix))
    return np.ascontiguousarray(np.asarray(result).real)
