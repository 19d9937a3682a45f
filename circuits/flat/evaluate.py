"""Values and gradients of flat circuits, on the kernels or on the torch engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from circuits.backends.statevector import StateVector
from circuits.circuit import Circuit
from circuits.flat.table import Floats, Integers
from circuits.gradients import make_evaluator
from circuits.pauli import PauliSum


def by_kernels(
    module: Any, program: Any, table: Floats, *, gradient: bool
) -> tuple[Floats, Floats]:
    """Values `(batch,)` and gradients `(batch, k)`, zeros if not wanted.

    Args:
        module: The kernels.
        program: Their program; it knows the observable.
        table: Angles `(batch, k)`.
        gradient: Whether gradients are wanted.
    """
    batch, threads = len(table), torch.get_num_threads()
    values, slopes = np.empty(batch), np.zeros_like(table)
    if not batch:
        return values, slopes
    gradient = gradient and table.size > 0
    given = (program, batch, 0, _address(table), batch > 1, 0, False)
    if not gradient:
        module.run_double(*given, 0, _address(values), *[0] * 6, threads)
        return values, slopes
    kept = torch.empty(module.kept_size_double(program, batch), dtype=torch.float64)
    state, ones = kept.data_ptr(), np.ones(batch)
    module.run_double(*given, 0, _address(values), 0, 0, 0, 0, state, 0, threads)
    module.run_double(*given, _address(ones), 0, 0, 0, _address(slopes), 0, 0, state, threads)
    return values, slopes


def by_torch(
    circuit: Circuit, observable: PauliSum, table: Floats, *, gradient: bool
) -> tuple[Floats, Floats]:
    """The same from the torch engine, for a circuit whose weights are the angles."""
    evaluate = make_evaluator(circuit, (observable,), StateVector("torch"))
    angles = torch.tensor(table).requires_grad_(gradient and table.size > 0)
    values = evaluate(angles.new_zeros(len(table), 0), angles)[:, 0]
    slopes = np.zeros_like(table)
    if angles.requires_grad:
        slopes = torch.autograd.grad(values.sum(), angles)[0].numpy()
    return values.detach().numpy(), slopes


def states_by_kernels(module: Any, program: Any, n_qubits: int, table: Floats) -> torch.Tensor:
    """The final states `(batch, 2**n)` for angles `(batch, k)`."""
    batch, threads = len(table), torch.get_num_threads()
    states = torch.empty(batch, 2**n_qubits, dtype=torch.complex128)
    if batch:
        given = (program, batch, 0, _address(table), batch > 1, 0, False)
        module.run_double(*given, 0, 0, states.data_ptr(), *[0] * 5, threads)
    return states


def terms_of(observable: PauliSum) -> tuple[Integers, Floats]:
    """Terms `(m, 3)` (X mask, Z mask, 0) and coefficients `(m,)` as the kernels take them."""
    terms = [(x, z, 0) for x, z, _ in observable.terms]
    coefficients = [complex(c).real for _, _, c in observable.terms]
    return np.array(terms, dtype=np.int64).reshape(-1, 3), np.array(coefficients, dtype=float)


def _address(array: Floats) -> int:
    found: int = array.ctypes.data
    return found
