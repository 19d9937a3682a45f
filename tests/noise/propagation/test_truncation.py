"""What truncation drops, what it may cost, and the kicked Ising circuit of 127 qubits."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import Circuit, DensityMatrix, PauliSum, Request, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedOperationError
from noise.propagation import PauliPropagation
from tests.support.heavy_hex import kicked_ising, light_cone
from tests.support.strategies import circuits, observables, random_values, seeds

truncations = st.one_of(
    st.fixed_dictionaries({"max_weight": st.integers(1, 3)}),
    st.fixed_dictionaries({"min_abs": st.sampled_from((0.01, 0.1, 0.3))}),
    st.fixed_dictionaries({"max_terms": st.integers(1, 8)}),
)


@settings(max_examples=60)
@given(st.data(), circuits(max_qubits=4, max_ops=14, channels=True), truncations, seeds)
def test_the_bound_bounds(data, circuit, truncation, seed):
    x, w = random_values(circuit, seed, (3,))
    observed = [PauliSum(data.draw(observables(circuit.n_qubits))) for _ in range(2)]
    exact = circuit.expectation(observed, x, w, backend=PauliPropagation())
    found = circuit.estimate(observed, x, w, backend=PauliPropagation(**truncation))
    bound = found.metadata["truncation_bound"].reshape(exact.shape)
    assert bool(((found.values - exact).abs() <= bound + 1e-10).all())
    if found.variances is None:
        torch.testing.assert_close(found.values, exact, rtol=0, atol=1e-10)
    else:
        assert found.metadata["dropped_terms"] > 0
        assert bool((found.standard_errors <= bound + 1e-12).all())


def test_the_bound_is_the_sum_of_what_was_dropped():
    """Z -> cos Z + sin Y -> cos^2 Z - ...: by hand for one rotation after a damping."""
    circuit = Circuit(1, [g.rx(0.3, 0), g.depolarizing(0.5, 0)])
    result = circuit.estimate("Z0", backend=PauliPropagation(min_abs=0.2))
    assert result.values.item() == pytest.approx(0.5 * math.cos(0.3))
    assert result.metadata["truncation_bound"].item() == pytest.approx(0.5 * math.sin(0.3))
    assert result.standard_errors.item() == pytest.approx(0.5 * math.sin(0.3))
    assert result.metadata["dropped_terms"] == 1


def test_limits_hold():
    ops = [op for q in range(6) for op in (g.rx(0.4, q), g.rz(0.7, q))]
    ops += [g.rzz(0.5, q, q + 1) for q in range(5)]
    circuit = Circuit(6, ops * 4)
    assert circuit.estimate("Z3", backend=PauliPropagation()).metadata["largest_sum"] > 500
    few = circuit.estimate("Z3", backend=PauliPropagation(max_terms=50)).metadata
    assert few["largest_sum"] <= 100
    light = circuit.estimate("Z3", backend=PauliPropagation(max_weight=2)).metadata
    assert light["largest_sum"] <= 1 + 18 + 9 * 15
    heavy = circuit.estimate("Z0 Z1 Z2", backend=PauliPropagation(max_weight=2))
    assert heavy.values.item() == 0
    assert heavy.metadata["truncation_bound"].item() == 1


def test_more_terms_are_better():
    """The error falls with the limit; light-cone simulation is the reference."""
    small, qubit = light_cone(62, 0.8, 4)
    exact = small.expectation(f"Z{qubit}").item()
    circuit, errors = kicked_ising(0.8, 4), []
    for min_abs in (1e-1, 1e-2, 1e-3, 0.0):
        found = circuit.estimate("Z62", backend=PauliPropagation(min_abs=min_abs))
        errors.append(abs(found.values.item() - exact))
        assert errors[-1] <= found.metadata["truncation_bound"].item() + 1e-12
    assert errors[-1] < 1e-12
    assert errors[-2] < 1e-2
    assert errors[0] > 1e-2


@pytest.mark.parametrize("theta", [math.pi / 8, math.pi / 4])
def test_the_kicked_ising_circuit_agrees_with_its_light_cone(theta):
    small, qubit = light_cone(62, theta, 4)
    exact = small.expectation(f"Z{qubit}").item()
    found = kicked_ising(theta, 4).expectation("Z62", backend=PauliPropagation()).item()
    assert found == pytest.approx(exact, abs=1e-12)


def test_the_noisy_kicked_ising_circuit_agrees_with_its_light_cone():
    def noise(q):
        return g.depolarizing(0.05, q), g.amplitude_damping(0.1, q, population=0.4)

    small, qubit = light_cone(62, 0.7, 2, noise)
    expected = small.expectation(f"Z{qubit}", backend=DensityMatrix("torch")).item()
    found = kicked_ising(0.7, 2, noise).expectation("Z62", backend=PauliPropagation()).item()
    clean = kicked_ising(0.7, 2).expectation("Z62", backend=PauliPropagation()).item()
    assert found == pytest.approx(expected, abs=1e-12)
    assert abs(found - clean) > 0.01


def test_points_share_strings_and_gradients_flow():
    w = weights(1)
    circuit = kicked_ising(w[0], 2)
    thetas = torch.tensor([[0.0], [0.3], [math.pi / 4], [math.pi / 2]], dtype=torch.float64)
    batch = circuit.expectation("Z62", w=thetas, backend=PauliPropagation())
    single = [circuit.expectation("Z62", w=t, backend=PauliPropagation()) for t in thetas]
    torch.testing.assert_close(batch, torch.stack(single), rtol=0, atol=1e-12)
    small, qubit = light_cone(62, w[0], 2)
    slopes = []
    for case, label, backend in (
        (circuit, "Z62", PauliPropagation()), (small, f"Z{qubit}", None),
    ):  # fmt: skip
        leaf = thetas.clone().requires_grad_()
        value = case.expectation(label, w=leaf, backend=backend)
        slopes.append(torch.autograd.grad(value.sum(), leaf)[0])
    torch.testing.assert_close(*slopes, rtol=0, atol=1e-11)


def test_bad_arguments():
    for name, wrong in (
        ("max_weight", 0), ("max_weight", -1), ("max_weight", 1.5), ("max_terms", True),
        ("max_terms", 0), ("min_abs", -1e-3), ("min_abs", float("nan")), ("min_abs", "small"),
        ("min_abs", math.inf),
    ):  # fmt: skip
        with pytest.raises(InvalidArgumentError, match=name):
            PauliPropagation(**{name: wrong})
    with pytest.raises(ArgumentTypeError, match="NoiseModel"):
        PauliPropagation(g.depolarizing(0.1, 0))
    circuit = Circuit(1, [g.h(0)])
    with pytest.raises(UnsupportedOperationError, match="shots=10"):
        circuit.expectation("Z0", shots=10, backend=PauliPropagation())
    with pytest.raises(UnsupportedOperationError, match="Trajectories"):
        circuit.sample(3, backend=PauliPropagation())
    empty = torch.zeros(0, 0, dtype=torch.float64)
    (result,) = PauliPropagation().run([Request(circuit, empty, [PauliSum("Z0")])])
    assert result.values.shape == (0, 1)
