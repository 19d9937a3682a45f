"""SU(2^n) gates: the exponential of a sum of all Pauli strings."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from circuits import gates as g
from circuits.arguments import integer
from circuits.errors import (
    ArgumentTypeError,
    DtypeError,
    InvalidArgumentError,
    ResourceLimitError,
    ShapeError,
)
from circuits.execution import Seed, as_generator
from circuits.ops import Op
from qml.models.base import check_numbers, placement, positive
from qml.models.exponential import exponential, full_precision

MAX_QUBITS = 8
MAX_COEFFICIENTS = 2**24
"""Limits of one gate, and of all coefficients of a layer."""


def pauli_matrix(theta: Tensor, n_qubits: int) -> Tensor:
    """H = sum_k theta_k P_(k + 1), over all Pauli strings but the identity.

    String P_j has on qubit q the letter number (j // 4^q) mod 4 of I, X, Y, Z, so qubit 0 is the
    least significant digit; it is also the least significant bit of rows and columns. All entries
    with the same row XOR column come from one Hadamard transform.

    Args:
        theta: Real coefficients `(..., 4**n - 1)`.
        n_qubits: Number of qubits n.

    Returns:
        Hermitian matrices `(..., 2**n, 2**n)`, complex of the precision of `theta`; half types
        compute in float32.
    """
    theta = theta.to(computing(theta))
    order, sign, real, imaginary, rows = _tables(n_qubits)
    device = theta.device
    padded = torch.nn.functional.pad(theta, (1, 0))
    by_masks = padded[..., torch.as_tensor(order, device=device)]
    hadamard = torch.as_tensor(sign, device=device, dtype=theta.dtype)
    parts = [
        (by_masks * torch.as_tensor(table, device=device, dtype=theta.dtype)) @ hadamard
        for table in (real, imaginary)
    ]
    bands = torch.complex(*parts)  # entry (x, c) belongs to row c ^ x and column c
    return bands.gather(-2, torch.as_tensor(rows, device=device).expand(bands.shape))


@functools.lru_cache(maxsize=MAX_QUBITS)
def _tables(n: int) -> tuple[Any, ...]:
    """Index of (x mask, z mask), Hadamard matrix, phases i^|x & z|, and row ^ column."""
    masks = np.arange(2**n)
    bits = masks[:, None] >> np.arange(n) & 1
    x, z = bits[:, None, :], bits[None, :, :]
    digits = np.where(x == 1, 1 + z, 3 * z)
    turns = np.bitwise_count(masks[:, None] & masks) % 4
    phases = np.array([1, 1j, -1, -1j])[turns]
    sign = 1.0 - 2.0 * (np.bitwise_count(masks[:, None] & masks) % 2)
    order = digits @ 4 ** np.arange(n)
    return order, sign, phases.real.copy(), phases.imag.copy(), masks[:, None] ^ masks


def special_unitary(theta: Tensor, n_qubits: int) -> Tensor:
    """U = exp(i sum_k theta_k P_(k + 1)), with `pauli_matrix` for the sum.

    Args:
        theta: Real coefficients `(..., 4**n - 1)`.
        n_qubits: Number of qubits n.

    Returns:
        Unitary matrices `(..., 2**n, 2**n)` of determinant 1, complex of the precision of
        `theta`; derivatives are exact, see `qml.models.exponential`.

    Raises:
        NonFiniteError: If a coefficient is NaN or infinite.

    >>> x = torch.tensor([torch.pi / 2, 0.0, 0.0], dtype=torch.float64)
    >>> special_unitary(x, 1).imag.round(decimals=6)
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    check_numbers(theta, "theta")
    with full_precision(theta):
        return exponential(pauli_matrix(theta, n_qubits))


@final
class SpecialUnitary(nn.Module):
    """Trainable SU(2^n) gates on state vectors: psi -> exp(i sum_k theta_k P_(k + 1)) psi.

    The derivative by all 4^n - 1 coefficients is exact and costs a few products of matrices. (Sums
    of shifted circuits cannot give it: the Pauli strings do not commute.)

    Args:
        n_qubits: Number of qubits n, at most 8.
        shape: Leading dimensions of `theta`; for several gates at once.
        deviation: Standard deviation of the normal distribution the coefficients are drawn from.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameter; default torch's default dtype.
        device: Device of the parameter.

    Attributes:
        theta: Coefficients `(*shape, 4**n - 1)`; see `pauli_matrix` for their order.

    Shape:
        Input `(..., 2**n)`, real or complex; output `(..., 2**n)`, complex. The leading dimensions
        end with `shape`, or broadcast with it.

    Raises:
        KetworkError: If an argument is not valid.

    >>> gate = SpecialUnitary(2, generator=0)
    >>> gate(torch.eye(4)).shape, gate.matrix().shape
    (torch.Size([4, 4]), torch.Size([4, 4]))
    """

    def __init__(
        self,
        n_qubits: int,
        shape: Sequence[int] = (),
        *,
        deviation: float = 1.0,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.n_qubits = checked_width(n_qubits)
        lead = _checked_shape(shape)
        self.deviation = positive(deviation, "deviation")
        self.generator = as_generator(generator)
        check_count(4**self.n_qubits, *lead)
        size = 4**self.n_qubits - 1
        self.theta = nn.Parameter(torch.empty(*lead, size, **placement(dtype, device)))
        self.reset_parameters()

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw the coefficients from a normal distribution.

        Args:
            generator: Source of randomness; default the layer's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        with torch.no_grad():
            self.theta.copy_(normal(self.theta, self.deviation, source))

    def matrix(self) -> Tensor:
        """The unitary matrices `(*shape, 2**n, 2**n)`."""
        return special_unitary(self.theta, self.n_qubits)

    def op(self, *qubits: int) -> Op:
        """The present gate as an operation of a `Circuit`; only without leading dimensions."""
        if self.theta.dim() > 1:
            raise InvalidArgumentError(
                f"This layer holds gates of shape {tuple(self.theta.shape[:-1])}; `op` needs one."
            )
        matrix = special_unitary(self.theta.detach().double(), self.n_qubits)
        return g.unitary(matrix, *qubits)

    def forward(self, states: Tensor) -> Tensor:
        """States `(..., 2**n)` after the gates."""
        if not isinstance(states, Tensor):
            raise ArgumentTypeError(
                f"Argument `states` must be a torch.Tensor, got {type(states).__name__}."
            )
        if not (states.is_floating_point() or states.is_complex()):
            raise DtypeError(
                "Argument `states` must be a floating-point or complex tensor, got "
                f"{states.dtype}. Convert it, for example with `.float()`."
            )
        own = tuple(self.theta.shape[:-1])
        if not _fits(tuple(states.shape), (*own, 2**self.n_qubits)):
            more = f" The dimensions before the last must broadcast with {own}." if own else ""
            raise ShapeError(
                f"Argument `states` must have shape (..., {2**self.n_qubits}), got "
                f"{tuple(states.shape)}.{more}"
            )
        unitary = self.matrix()
        dtype = torch.promote_types(states.dtype, unitary.dtype)
        return (unitary.to(dtype) @ states.to(dtype).unsqueeze(-1)).squeeze(-1)

    def extra_repr(self) -> str:
        """Sizes, as shown in `print(layer)`."""
        return f"n_qubits={self.n_qubits}, shape={tuple(self.theta.shape[:-1])}"


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, str) or not isinstance(shape, Sequence):
        raise ArgumentTypeError(
            f"Argument `shape` must be a sequence of integers such as (3,), got {shape!r}."
        )
    return tuple(integer(size, f"shape[{k}]") for k, size in enumerate(shape))


def _fits(given: tuple[int, ...], own: tuple[int, ...]) -> bool:
    """Whether a shape ends as `own` does, and broadcasts with it."""
    pairs = zip(reversed(given[:-1]), reversed(own[:-1]), strict=False)
    return given[-1:] == own[-1:] and all(a == b or 1 in (a, b) for a, b in pairs)


def computing(*tensors: Tensor) -> torch.dtype:
    """The real dtype to compute in: that which holds all of the tensors, at least float32."""
    return functools.reduce(torch.promote_types, (t.dtype for t in tensors), torch.float32)


def checked_width(n_qubits: Any) -> int:
    """The number of qubits of one gate, if its matrix is of a reasonable size."""
    n = integer(n_qubits, "n_qubits")
    if n > MAX_QUBITS:
        raise ResourceLimitError(
            f"A gate on {n} qubits has 4**{n} coefficients; at most {MAX_QUBITS} qubits are "
            "supported. Use fewer features or qubits, or gates on parts of the qubits."
        )
    return n


def check_count(*factors: int) -> None:
    """Raise if so many coefficients would fill the memory."""
    count = functools.reduce(int.__mul__, factors, 1)
    if count > MAX_COEFFICIENTS:
        raise ResourceLimitError(
            f"The layer would hold {count} coefficients; at most {MAX_COEFFICIENTS} are supported. "
            "Choose fewer layers, channels or qubits."
        )


def normal(like: Tensor, deviation: float, generator: torch.Generator | None) -> Tensor:
    """Normal numbers of the shape, dtype and device of `like`, drawn where the generator is."""
    device = like.device if generator is None else generator.device
    drawn = torch.empty(like.shape, dtype=like.dtype, device=device)
    return drawn.normal_(0, deviation, generator=generator).to(like.device)
