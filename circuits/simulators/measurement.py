"""What is read from a final state: expectation values or probabilities, with their cotangents.

States are `(2**n, batch)`, values `(m, batch)`. A cotangent is the gradient of
sum_k g_k value_k with respect to the state in torch's convention, dL = Re(conj(cotangent) dpsi).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from circuits.finite import can_look
from circuits.pauli import PauliSum
from circuits.simulators.kernels import parity_sign, real_dtype, split

_LARGEST_TABLE = 2**22  # entries of a table of eigenvalues kept for all observables at once


class Measurement(ABC):
    """A real function of the final state, quadratic in the amplitudes."""

    n_values: int

    @abstractmethod
    def values(self, state: Tensor) -> Tensor:
        """Values `(n_values, batch)`, differentiable by torch."""

    @abstractmethod
    def cotangent(self, state: Tensor, gradient: Tensor) -> Tensor:
        """Gradient `(2**n, batch)` of sum(gradient * values) for `gradient (n_values, batch)`."""


@final
class Expectations(Measurement):
    """<psi|O_k|psi> for Hermitian Pauli sums.

    Terms with equal X mask x share one product conj(psi[j ^ x]) psi[j]; each observable is then a
    weighted sum over j with weights d_k[j] = sum_z c i^|x & z| (-1)^|j & z|.

    Args:
        observables: The Pauli sums O_k.
        n_qubits: Number of qubits of the states.
    """

    def __init__(self, observables: Sequence[PauliSum], n_qubits: int) -> None:
        self.n_qubits = n_qubits
        self.n_values = len(observables)
        terms: dict[int, list[tuple[int, int, complex]]] = defaultdict(list)
        for k, observable in enumerate(observables):
            for x_mask, z_mask, coefficient in observable.terms:
                phase = 1j ** ((x_mask & z_mask).bit_count() % 4)
                terms[x_mask].append((k, z_mask, coefficient * phase))
        self._terms = dict(terms)
        self._tabulated = self.n_values * 2**n_qubits * max(1, len(terms)) <= _LARGEST_TABLE
        self._held: dict[tuple[int, torch.dtype, torch.device], Tensor] = {}

    def values(self, state: Tensor) -> Tensor:
        total = torch.zeros(
            self.n_values, state.shape[1], dtype=real_dtype(state.dtype), device=state.device
        )
        for x_mask in self._terms:
            product = self._product(state, x_mask)
            if self._tabulated:
                part = self._table(x_mask, state) @ product
                total = total + (part.real if part.is_complex() else part)
            else:
                rows = self._loop(x_mask, product)
                total = total + torch.stack(rows)
        return total

    def cotangent(self, state: Tensor, gradient: Tensor) -> Tensor:
        total: Tensor | None = None
        for x_mask, terms in self._terms.items():
            if self._tabulated:
                table = self._table(x_mask, state)
                weight = table.T @ gradient.to(table.dtype)
            else:
                weight = torch.zeros_like(state)
                for k, z_mask, coefficient in terms:
                    sign = parity_sign(self.n_qubits, z_mask, state)
                    weight = torch.addcmul(weight, sign[:, None] * coefficient, gradient[k])
            part = 2 * weight * state
            if x_mask:
                part = part.index_select(0, self._partner(x_mask, state))
            total = part if total is None else total + part
        return torch.zeros_like(state) if total is None else total

    def _partner(self, x_mask: int, state: Tensor) -> Tensor:
        return torch.arange(2**self.n_qubits, device=state.device) ^ x_mask

    def _product(self, state: Tensor, x_mask: int) -> Tensor:
        if not x_mask:
            return state.real**2 + state.imag**2
        return state.index_select(0, self._partner(x_mask, state)).conj() * state

    def _loop(self, x_mask: int, product: Tensor) -> list[Tensor]:
        real = real_dtype(product.dtype)
        zero = torch.zeros(product.shape[1], dtype=real, device=product.device)
        rows = [zero] * self.n_values
        for k, z_mask, coefficient in self._terms[x_mask]:
            part = parity_sign(self.n_qubits, z_mask, product) @ product if not x_mask else (
                parity_sign(self.n_qubits, z_mask, product).to(product.dtype) @ product
            )  # fmt: skip
            value = part * coefficient
            rows[k] = rows[k] + (value.real if value.is_complex() else value)
        return rows

    def _table(self, x_mask: int, state: Tensor) -> Tensor:
        key = (x_mask, state.dtype, state.device)
        if key in self._held:
            return self._held[key]
        dtype = state.dtype if x_mask else real_dtype(state.dtype)
        rows = [torch.zeros(2**self.n_qubits, dtype=dtype, device=state.device)] * self.n_values
        for k, z_mask, coefficient in self._terms[x_mask]:
            weight = coefficient if x_mask else complex(coefficient).real
            rows[k] = rows[k] + parity_sign(self.n_qubits, z_mask, state) * weight
        table = torch.stack(rows).detach()
        # A tensor made inside a transform must not outlive it, nor one of inference mode.
        if can_look(state) and not torch.is_inference_mode_enabled():
            self._held[key] = table
        return table


@final
class BasisProbabilities(Measurement):
    """Probabilities of the outcomes on some qubits, the first listed least significant.

    Args:
        qubits: The qubits to keep.
        n_qubits: Number of qubits of the states.
    """

    def __init__(self, qubits: tuple[int, ...], n_qubits: int) -> None:
        self.qubits = qubits
        self.n_qubits = n_qubits
        self.n_values = 2 ** len(qubits)

    def values(self, state: Tensor) -> Tensor:
        return marginal(state.real**2 + state.imag**2, self.qubits, self.n_qubits)

    def cotangent(self, state: Tensor, gradient: Tensor) -> Tensor:
        return 2 * _spread(gradient, self.qubits, self.n_qubits) * state


def marginal(probabilities: Tensor, qubits: tuple[int, ...], n_qubits: int) -> Tensor:
    """Sum `(2**n, batch)` over all qubits but the listed ones: `(2**k, batch)`."""
    if qubits == tuple(range(n_qubits)):
        return probabilities
    shape, axes = split(n_qubits, qubits)
    view = probabilities.reshape(*shape, probabilities.shape[-1])
    front = [axes[q] for q in reversed(qubits)]
    moved = view.movedim(front, list(range(len(front))))
    rest = 2 ** (n_qubits - len(qubits))
    return moved.reshape(2 ** len(qubits), rest, probabilities.shape[-1]).sum(1)


def _spread(values: Tensor, qubits: tuple[int, ...], n_qubits: int) -> Tensor:
    """Repeat `(2**k, batch)` over all qubits but the listed ones: `(2**n, batch)`."""
    indices = torch.arange(2**n_qubits, device=values.device)
    source = torch.zeros_like(indices)
    for position, q in enumerate(qubits):
        source |= (indices >> q & 1) << position
    return values.index_select(0, source)
