"""CPTP checks, fidelities and bounds of the diamond distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import ChannelError, ShapeError
from noise import representations as to
from noise.channels import AmplitudeDamping, Depolarizing, PauliChannel, PhaseFlip
from tests.support.strategies import random_channel, random_unitary, seeds


def random_ptm(seed: int, k: int) -> torch.Tensor:
    return to.kraus_to_ptm(torch.as_tensor(random_channel(seed, 2**k)))


def unitary_ptm(seed: int, k: int) -> torch.Tensor:
    return to.kraus_to_ptm(torch.as_tensor(random_unitary(seed, 2**k))[None])


@given(seeds, st.integers(1, 2))
def test_channels_pass_the_check(seed, k):
    choi = to.ptm_to_choi(random_ptm(seed, k))
    assert to.check_cptp(choi, 1e-10) is choi
    assert max(to.deviation_from_cptp(choi)) < 1e-12


def test_what_is_wrong_is_said_with_the_deviation():
    choi = to.ptm_to_choi(torch.diag(torch.tensor([1.0, 1.0, -1.0, 1.0]).double()))
    assert to.deviation_from_cptp(choi) == pytest.approx((1, 0))
    with pytest.raises(ChannelError, match=r"`mine` is not completely positive.*1, expected"):
        to.check_cptp(choi, name="mine")
    lossy = to.kraus_to_choi(torch.tensor([[[1.0, 0], [0, 0.5]]]).double())
    assert to.deviation_from_cptp(lossy) == pytest.approx((0, 0.75))
    with pytest.raises(ChannelError, match=r"does not preserve the trace.*0\.75"):
        to.check_cptp(lossy)
    skew = torch.eye(4).to(torch.complex128) / 2
    skew[0, 3] = 0.1
    with pytest.raises(ChannelError, match="Hermitian"):
        to.check_cptp(skew)
    assert to.check_cptp(lossy, tolerance=0.8) is lossy


@given(seeds, seeds)
def test_average_gate_fidelity_is_an_average(seed, other):
    """Over the six eigenstates of X, Y, Z, a 2-design of one qubit."""
    kraus, u = random_channel(seed, 2), random_unitary(other, 2)
    roots = [[1, 0], [0, 1], [1, 1], [1, -1], [1, 1j], [1, -1j]]
    states = [np.array(v) / np.linalg.norm(v) for v in roots]
    values = [
        sum(abs((u @ s).conj() @ k @ s) ** 2 for k in kraus) for s in states
    ]  # fmt: skip
    found = to.average_gate_fidelity(random_ptm(seed, 1), unitary_ptm(other, 1))
    assert float(found) == pytest.approx(np.mean(values), abs=1e-12)


def test_fidelities_are_batched_and_differentiable():
    p = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64, requires_grad=True)
    ptm = torch.diag_embed(torch.stack([torch.ones_like(p), 1 - p, 1 - p, 1 - p], dim=-1))
    fidelity = to.average_gate_fidelity(ptm)
    torch.testing.assert_close(fidelity, 1 - p / 2)
    (slope,) = torch.autograd.grad(fidelity.sum(), p)
    torch.testing.assert_close(slope, torch.full_like(p, -0.5))
    torch.testing.assert_close(to.process_fidelity(ptm), 1 - 0.75 * p)


def test_targets_are_unitary_and_fit():
    with pytest.raises(ChannelError, match="orthogonal"):
        to.average_gate_fidelity(random_ptm(0, 1), random_ptm(1, 1))
    with pytest.raises(ShapeError, match="target"):
        to.average_gate_fidelity(random_ptm(0, 1), unitary_ptm(1, 2))
    with pytest.raises(ShapeError, match="ptm"):
        to.diamond_distance_bound(torch.eye(4).expand(2, 4, 4))


probabilities = st.lists(st.floats(0.01, 1), min_size=4, max_size=4)


@given(probabilities, probabilities)
def test_pauli_channels_have_their_exact_distance(p, q):
    """Half the sum of |p_a - q_a|."""
    one, other = (np.array(v) / sum(v) for v in (p, q))
    a, b = (PauliChannel(dict(zip("IXYZ", v.tolist(), strict=True))) for v in (one, other))
    expected = np.abs(one - other).sum() / 2
    assert a.diamond_distance_bound(b) == pytest.approx((expected, expected), abs=1e-9)


def test_closed_forms():
    k = 2
    lost = 0.3 * (1 - 1 / 4**k)
    assert Depolarizing(0.3, k).diamond_distance_bound() == pytest.approx((lost, lost))
    assert PhaseFlip(1.0).diamond_distance_bound() == pytest.approx((1, 1))
    assert AmplitudeDamping(0).diamond_distance_bound() == pytest.approx((0, 0), abs=1e-12)


@given(seeds, seeds, st.integers(1, 2))
def test_bounds_enclose_what_inputs_show(seed, other, k):
    """Trace distances of outputs, also of entangled inputs, never exceed the upper bound."""
    a, b = random_ptm(seed, k), random_ptm(other, k)
    lower, upper = to.diamond_distance_bound(a, b)
    assert 0 <= lower <= upper <= 1
    d = 2**k
    difference = (to.ptm_to_choi(a) - to.ptm_to_choi(b)).numpy()
    rng = np.random.default_rng(seed)
    for _ in range(5):
        root = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
        root /= np.linalg.norm(root)
        big = np.kron(root, np.eye(d))  # the input sum_i (root |i>) (x) |i>
        shown = np.abs(np.linalg.eigvalsh(big @ difference @ big.conj().T)).sum() / 2
        assert shown <= upper + 1e-12
    flat = np.kron(np.eye(d) / np.sqrt(d), np.eye(d))
    reached = np.abs(np.linalg.eigvalsh(flat @ difference @ flat.conj().T)).sum() / 2
    assert reached == pytest.approx(lower, abs=1e-12)


@pytest.mark.parametrize("angle", [0.1, 1.0, 2.5])
def test_bounds_enclose_the_distance_of_rotations(angle):
    """||RZ - 1||_diamond / 2 = sin(angle / 2) up to angle pi (the numerical range's distance)."""
    u = np.diag(np.exp([-0.5j * angle, 0.5j * angle]))
    lower, upper = to.diamond_distance_bound(to.kraus_to_ptm(torch.as_tensor(u)[None]))
    assert lower <= np.sin(angle / 2) + 1e-12
    assert upper >= np.sin(angle / 2) - 1e-12
