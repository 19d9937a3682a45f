"""Conversions between representations: definitions, round trips, batches, dtypes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import ChannelError, ShapeError
from circuits.gates.record import pauli_matrix
from noise import representations as to
from tests.support.strategies import random_channel, seeds

sizes = st.integers(1, 3)


def operators(seed: int, k: int, m: int = 3) -> torch.Tensor:
    return torch.as_tensor(random_channel(seed, 2**k, m))


def close(ours: torch.Tensor, theirs: torch.Tensor, atol: float = 1e-12) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


def images(kraus: torch.Tensor) -> torch.Tensor:
    """E(|i><j|) for all i, j: `(d, d, d, d)`."""
    d = kraus.shape[-1]
    units = torch.zeros(d, d, d, d, dtype=kraus.dtype)
    for i, j in np.ndindex(d, d):
        units[i, j, i, j] = 1
    return sum(k @ units @ k.mH for k in kraus)


@given(seeds, sizes)
def test_choi_is_its_definition(seed, k):
    """C = sum_ij |i><j| (x) E(|i><j|)."""
    kraus = operators(seed, k)
    expected = images(kraus).permute(0, 2, 1, 3).reshape(4**k, 4**k)
    choi = to.kraus_to_choi(kraus)
    close(choi, expected)
    assert float(choi.diagonal().sum().real) == pytest.approx(2**k)


@given(seeds, sizes)
def test_superoperator_is_its_definition(seed, k):
    """S = sum_m K_m^* (x) K_m, columns stacked."""
    kraus = operators(seed, k)
    expected = sum(torch.kron(a.conj().resolve_conj(), a) for a in kraus)
    close(to.kraus_to_superoperator(kraus), expected)


@given(seeds)
def test_chi_is_its_definition(seed):
    """E(rho) = sum_ij chi[i, j] P_i rho P_j, trace 1."""
    kraus = operators(seed, 2)
    chi = to.choi_to_chi(to.kraus_to_choi(kraus)).numpy()
    assert np.trace(chi) == pytest.approx(1)
    rho = np.arange(16).reshape(4, 4) * (1 + 0.3j)
    strings = [pauli_matrix(a + b) for b in "IXYZ" for a in "IXYZ"]
    found = sum(
        chi[i, j] * p @ rho @ q for i, p in enumerate(strings) for j, q in enumerate(strings)
    )
    expected = sum(a @ rho @ a.conj().T for a in kraus.numpy())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


@given(seeds, sizes, st.integers(1, 4))
def test_round_trips(seed, k, m):
    choi = to.kraus_to_choi(operators(seed, k, m))
    ptm, superoperator = to.choi_to_ptm(choi), to.choi_to_superoperator(choi)
    close(to.superoperator_to_choi(superoperator), choi)
    close(to.ptm_to_choi(ptm), choi)
    close(to.chi_to_choi(to.choi_to_chi(choi)), choi)
    close(to.ptm_to_superoperator(ptm), superoperator)
    close(to.superoperator_to_ptm(superoperator), ptm)
    close(to.ptm_to_chi(ptm), to.choi_to_chi(choi))
    close(to.kraus_to_ptm(to.ptm_to_kraus(ptm)), ptm)
    assert float((ptm[0] - torch.eye(4**k, dtype=ptm.dtype)[0]).abs().max()) < 1e-12


@given(seeds, sizes, st.integers(1, 5))
def test_kraus_operators_are_the_fewest_orthogonal_and_sorted(seed, k, m):
    found = to.choi_to_kraus(to.kraus_to_choi(operators(seed, k, m)))
    assert len(found) == min(m, 4**k)
    gram = torch.einsum("mij,nij->mn", found.conj(), found)
    close(gram, torch.diag(gram.diagonal()))
    sizes_found = gram.diagonal().real
    assert bool((sizes_found[:-1] >= sizes_found[1:] - 1e-12).all())
    close(to.kraus_to_choi(found), to.kraus_to_choi(operators(seed, k, m)))


LINEAR = {
    "choi": ("choi_to_superoperator", "choi_to_chi", "choi_to_ptm"),
    "superoperator": ("superoperator_to_choi", "superoperator_to_ptm"),
    "ptm": ("ptm_to_choi", "ptm_to_superoperator", "ptm_to_chi"),
    "chi": ("chi_to_choi",),
}


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in LINEAR.items() for n in names])
def test_batches_and_dtypes(kind, name, dtype, tolerance):
    complex_dtype = torch.complex64 if dtype == torch.float32 else torch.complex128
    choi = torch.stack([to.kraus_to_choi(operators(seed, 2)) for seed in range(6)])
    start = {
        "choi": choi,
        "superoperator": to.choi_to_superoperator(choi),
        "ptm": to.choi_to_ptm(choi),
        "chi": to.choi_to_chi(choi),
    }[kind]
    start = start.to(dtype if kind == "ptm" else complex_dtype).reshape(2, 3, 16, 16)
    function = getattr(to, name)
    found = function(start)
    assert found.shape == (2, 3, 16, 16)
    assert found.dtype == (dtype if name.endswith("_ptm") else complex_dtype)
    for index in np.ndindex(2, 3):
        torch.testing.assert_close(found[index], function(start[index]), **tolerance)


def test_kraus_batches():
    stack = torch.stack([operators(seed, 1) for seed in range(4)])
    found = to.kraus_to_ptm(stack)
    for k in range(4):
        close(found[k], to.kraus_to_ptm(stack[k]))


def test_gradients_pass():
    ptm = to.kraus_to_ptm(operators(3, 1)).requires_grad_()
    back = to.superoperator_to_ptm(to.choi_to_superoperator(to.ptm_to_choi(ptm)))
    (found,) = torch.autograd.grad((back**2).sum(), ptm)
    close(found, 2 * ptm.detach())


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (to.ptm_to_choi, (3, 3)), (to.ptm_to_choi, (8, 8)), (to.ptm_to_choi, (4, 16)),
        (to.choi_to_ptm, (2, 2)), (to.choi_to_chi, (4,)), (to.chi_to_choi, ()),
        (to.superoperator_to_ptm, (1, 1)), (to.kraus_to_choi, (2, 2)),
        (to.kraus_to_choi, (1, 2, 4)), (to.choi_to_kraus, (2, 4, 4)),
    ],
)  # fmt: skip
def test_wrong_shapes_are_named(function, shape):
    with pytest.raises(ShapeError, match="must"):
        function(torch.zeros(shape))


def test_maps_that_are_not_positive_have_no_kraus_operators():
    transposition = torch.diag(torch.tensor([1.0, 1.0, -1.0, 1.0], dtype=torch.float64))
    with pytest.raises(ChannelError, match="smallest eigenvalue of its Choi matrix is -1"):
        to.ptm_to_kraus(transposition)
