"""The matrix product state of lowest energy at a given bond dimension, by sweeps (DMRG).

Tensors have shape (left bond, 2, right bond). Environments are kept as dense vectors of the whole
register and the Hamiltonian as a sparse matrix, which suits the up to a dozen qubits of a search.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[Any]

_CONVERGED = 1e-12
_MOST_SWEEPS = 500


def lowest_mps(
    hamiltonian: Any, n_sites: int, bond: int, generator: np.random.Generator
) -> tuple[list[Tensor], float]:
    """Right-canonical tensors of low energy, from a random start, and their energy.

    Sweeps over pairs of neighbours, which choose the bonds, are followed by sweeps over single
    sites, in which the energy never rises.

    Args:
        hamiltonian: Sparse Hermitian matrix `(2**n_sites, 2**n_sites)`, site 0 least significant.
        n_sites: Number of sites, at least 2.
        bond: Largest bond dimension.
        generator: Randomness of the start.

    Returns:
        Tensors, and the energy.

    References:
        Schollwoeck, Ann. Phys. 326, 96 (2011).
    """
    real = bool(np.isrealobj(hamiltonian.data) or np.abs(hamiltonian.data.imag).max(initial=0) == 0)
    matrix = hamiltonian.real if real else hamiltonian
    tensors = _random(n_sites, bond, real, generator)
    for sites in (2, 1):
        energy = np.inf
        for _ in range(_MOST_SWEEPS):
            before = energy
            tensors, energy = _sweep(matrix, tensors, sites, bond)
            if before - energy < _CONVERGED:
                break
    return tensors, energy


def vector(tensors: list[Tensor]) -> Tensor:
    """The state `(2**n,)`, site 0 least significant."""
    return _left(tensors)[:, 0]


def _sweep(matrix: Any, tensors: list[Tensor], sites: int, bond: int) -> tuple[list[Tensor], float]:
    """Right and back over groups of one or two sites, from and to right-canonical tensors."""
    tensors, energy = list(tensors), np.inf
    last = len(tensors) - sites
    for place in range(last + 1):
        block, energy = _best(matrix, tensors, place, sites)
        _split(tensors, place, block, sites, bond, to_right=place < last)
    for place in range(last, -1, -1):
        block, energy = _best(matrix, tensors, place, sites)
        _split(tensors, place, block, sites, bond, to_right=False)
    return _normalized(tensors), energy


def _best(matrix: Any, tensors: list[Tensor], place: int, sites: int) -> tuple[Tensor, float]:
    """The block of lowest energy between its environments `(left, 2, ..., right)`."""
    left, right = _left(tensors[:place]), _right(tensors[place + sites :])
    shape = (left.shape[1], *[2] * sites, right.shape[0])
    basis = np.einsum("la,ps,br->rplasb", left, np.eye(2**sites), right)
    basis = basis.reshape(-1, math.prod(shape))
    effective = basis.conj().T @ (matrix @ basis)
    values, vectors = np.linalg.eigh((effective + effective.conj().T) / 2)
    found: Tensor = vectors[:, 0].reshape(shape)
    if sites == 2:  # the joint index of the sites has the second as its more significant bit
        found = found.transpose(0, 2, 1, 3)
    return found, float(values[0])


def _split(
    tensors: list[Tensor], place: int, block: Tensor, sites: int, bond: int, *, to_right: bool
) -> None:
    """Put a block back as tensors; the centre is on the right one, or moves left."""
    if sites == 2:
        low, _, _, high = block.shape
        u, s, v = np.linalg.svd(block.reshape(low * 2, 2 * high), full_matrices=False)
        kept = max(1, min(bond, int((s > 1e-12 * s[0]).sum())))
        u, s, v = u[:, :kept], s[:kept] / np.linalg.norm(s[:kept]), v[:kept]
        first, second = (u, s[:, None] * v) if to_right else (u * s, v)
        tensors[place] = first.reshape(low, 2, kept)
        tensors[place + 1] = second.reshape(kept, 2, high)
        return
    low, _, high = block.shape
    if to_right:
        u, s, v = np.linalg.svd(block.reshape(low * 2, high), full_matrices=False)
        tensors[place] = u.reshape(low, 2, -1)
        tensors[place + 1] = np.einsum("ab,bsc->asc", s[:, None] * v, tensors[place + 1])
    elif place:
        u, s, v = np.linalg.svd(block.reshape(low, 2 * high), full_matrices=False)
        tensors[place] = v.reshape(-1, 2, high)
        tensors[place - 1] = np.einsum("asb,bc->asc", tensors[place - 1], u * s)
    else:
        tensors[place] = block


def _random(n_sites: int, bond: int, real: bool, generator: np.random.Generator) -> list[Tensor]:
    sizes = [min(bond, 2**k, 2 ** (n_sites - k)) for k in range(n_sites + 1)]
    tensors: list[Tensor] = []
    for low, high in itertools.pairwise(sizes):
        tensor: Tensor = generator.standard_normal((low, 2, high))
        if not real:
            tensor = tensor + 1j * generator.standard_normal((low, 2, high))
        tensors.append(tensor)
    return _normalized(tensors)


def _normalized(tensors: list[Tensor]) -> list[Tensor]:
    """The same state of norm 1 with tensors that are isometries from left to right."""
    found = list(tensors)
    for place in range(len(found) - 1, 0, -1):
        low, _, high = found[place].shape
        q, r = np.linalg.qr(found[place].reshape(low, 2 * high).conj().T)
        found[place] = q.conj().T.reshape(-1, 2, high)
        found[place - 1] = np.einsum("asb,bc->asc", found[place - 1], r.conj().T)
    found[0] = found[0] / np.linalg.norm(found[0])
    return found


def _left(tensors: list[Tensor]) -> Tensor:
    """All sites of a left part as one index, the first least significant: `(2**m, bond)`."""

    def joined(block: Tensor, tensor: Tensor) -> Tensor:
        return np.einsum("pa,asb->spb", block, tensor).reshape(-1, tensor.shape[2])

    return functools.reduce(joined, tensors, np.ones((1, 1)))


def _right(tensors: list[Tensor]) -> Tensor:
    """All sites of a right part as one index: `(bond, 2**m)`."""

    def joined(block: Tensor, tensor: Tensor) -> Tensor:
        return np.einsum("asb,bp->aps", tensor, block).reshape(tensor.shape[0], -1)

    return functools.reduce(joined, reversed(tensors), np.ones((1, 1)))
