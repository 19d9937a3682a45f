"""`DensityMatrix` against Qiskit's evolution with Kraus channels, and its gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("qiskit")

from circuits import Circuit, DensityMatrix, PauliSum, Probabilities, _native, inputs, weights
from circuits import gates as g
from circuits.backends.density_matrix import density_matrix
from circuits.errors import (
    ChannelError,
    InvalidArgumentError,
    NonFiniteError,
    UnsupportedOperationError,
)
from circuits.gradients import make_evaluator
from qml import QuantumLayer
from tests.support import qiskit_reference as reference
from tests.support.properties import assert_gradients_match
from tests.support.strategies import circuits, observables, random_channel, random_values, seeds

both = pytest.mark.parametrize("engine", ["torch", "auto"])
noisy = circuits(max_qubits=3, max_ops=8, channels=True)


def damping(gamma: float) -> list[np.ndarray]:
    """Amplitude damping: |1> decays to |0> with probability gamma. Not unital."""
    return [np.diag([1, math.sqrt(1 - gamma)]), np.array([[0, math.sqrt(gamma)], [0, 0]])]


def flat(value, n: int) -> torch.Tensor:
    return torch.zeros(1, n, dtype=torch.float64) if value is None else value.reshape(1, n)


def numbers(value):
    return None if value is None else value.numpy()


@settings(max_examples=100)
@given(noisy, seeds)
def test_states_agree_with_qiskit(circuit, seed):
    x, w = random_values(circuit, seed)
    found = density_matrix(circuit, flat(x, circuit.n_inputs), flat(w, circuit.n_weights))
    d = 2**circuit.n_qubits
    found = found[:, 0].reshape(d, d).numpy()
    expected = reference.density_matrix(circuit, numbers(x), numbers(w))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, found.conj().T, rtol=0, atol=1e-12)
    assert np.trace(found).real == pytest.approx(1, abs=1e-12)


@both
@settings(max_examples=50)
@given(st.data(), noisy, seeds)
def test_values_agree_with_qiskit(engine, data, circuit, seed):
    x, w = random_values(circuit, seed)
    observed = [data.draw(observables(circuit.n_qubits)) for _ in range(2)]
    kept = data.draw(st.permutations(range(circuit.n_qubits)))[:2]
    state = reference.density_matrix(circuit, numbers(x), numbers(w))
    found = circuit.expectation(
        [PauliSum(o) for o in observed], x, w, backend=DensityMatrix(engine)
    )
    expected = [reference.expectation(state, o) for o in observed]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    from qiskit.quantum_info import DensityMatrix as QiskitState

    probabilities = circuit.probabilities(x, w, backend=DensityMatrix(engine), qubits=kept)
    np.testing.assert_allclose(
        probabilities, QiskitState(state).probabilities(list(kept)), rtol=0, atol=1e-12
    )


@both
@settings(max_examples=30)
@given(st.data(), noisy, seeds)
def test_gradients_are_finite_differences(engine, data, circuit, seed):
    observed = (PauliSum(data.draw(observables(circuit.n_qubits))),)
    evaluate = make_evaluator(circuit, observed, DensityMatrix(engine))
    generator = torch.Generator().manual_seed(seed)
    arguments = [
        torch.rand(size, generator=generator, dtype=torch.float64)
        for size in ((2, circuit.n_inputs), (1, circuit.n_weights))
    ]
    leaves = [a.clone().requires_grad_() for a in arguments]
    if evaluate(*leaves).requires_grad:
        assert_gradients_match(lambda *a: evaluate(*a) + 0 * sum(v.sum() for v in a), arguments)


@both
def test_pure_circuits_agree_with_the_state_vector(engine):
    x, w = inputs(2), weights(2)
    circuit = Circuit(
        3, [g.h(0), g.rx(x[0], 1), g.ccx(0, 1, 2), g.crz(w[0] * x[1], 2, 0), g.ry(w[1], 1)]
    )
    xs, ws = torch.rand(4, 2, dtype=torch.float64), torch.rand(2, dtype=torch.float64)
    observed = ["X0", "Z0 Y1", "Z2"]
    torch.testing.assert_close(
        circuit.expectation(observed, xs, ws, backend=DensityMatrix(engine)),
        circuit.expectation(observed, xs, ws),
        rtol=0,
        atol=1e-13,
    )


@both
def test_damping_goes_to_zero_and_its_order_matters(engine):
    """<Z> after an X and damping is -1 + 2 gamma; damping before the X does nothing."""
    gamma, run = 0.3, {"backend": DensityMatrix(engine)}
    after = Circuit(1, [g.x(0), g.kraus(damping(gamma), 0)]).expectation("Z0", **run)
    before = Circuit(1, [g.kraus(damping(gamma), 0), g.x(0)]).expectation("Z0", **run)
    assert after.item() == pytest.approx(-1 + 2 * gamma)
    assert before.item() == pytest.approx(-1)


@both
def test_damping_acts_on_its_qubit_only(engine):
    for q in range(3):
        circuit = Circuit(3, [g.x(0), g.x(1), g.x(2), g.kraus(damping(0.4), q)])
        found = circuit.expectation(["Z0", "Z1", "Z2"], backend=DensityMatrix(engine))
        expected = [-1 + 0.8 * (k == q) for k in range(3)]
        np.testing.assert_allclose(found, expected, atol=1e-14)


@both
def test_channels_do_not_commute_with_rotations(engine):
    theta, gamma = 0.9, 0.5
    circuit = Circuit(1, [g.ry(theta, 0), g.kraus(damping(gamma), 0), g.ry(theta, 0)])
    x, z = math.sin(theta), math.cos(theta)
    x, z = math.sqrt(1 - gamma) * x, gamma + (1 - gamma) * z
    expected = math.cos(theta) * z - math.sin(theta) * x
    assert circuit.expectation("Z0", backend=DensityMatrix(engine)).item() == pytest.approx(
        expected
    )


@both
def test_sampling_a_mixed_state(engine):
    circuit = Circuit(2, [g.x(0), g.kraus(damping(0.25), 0), g.cx(0, 1)])
    samples = circuit.sample(8000, backend=DensityMatrix(engine), generator=0)
    assert bool((samples[:, 0] == samples[:, 1]).all())
    assert float(samples[:, 0].double().mean()) == pytest.approx(0.75, abs=6 * 0.433 / 8000**0.5)


@both
def test_parameter_shift_through_channels(engine):
    w = weights(2)
    circuit = Circuit(2, [g.ry(w[0], 0), g.kraus(random_channel(1, 4), 1, 0), g.crx(w[1], 0, 1)])
    observed = (PauliSum("Z0"), PauliSum("Y1"))
    at = [
        torch.zeros(1, 0, dtype=torch.float64),
        torch.rand(1, 2, dtype=torch.float64, requires_grad=True),
    ]
    slopes = []
    for method in ("backprop", "parameter-shift"):
        out = make_evaluator(circuit, observed, DensityMatrix(engine), diff_method=method)(*at)
        slopes.append(torch.autograd.grad(out[:, 0].sum() + 2 * out[:, 1].sum(), at[1])[0])
    torch.testing.assert_close(slopes[0], slopes[1], rtol=0, atol=1e-12)
    assert slopes[0].abs().min() > 1e-3


@both
def test_marginals_as_layer_output(engine):
    circuit = Circuit(2, [g.x(1), g.kraus(damping(0.2), 1)])
    evaluate = make_evaluator(circuit, Probabilities((1,)), DensityMatrix(engine))
    empty = torch.zeros(1, 0, dtype=torch.float64)
    np.testing.assert_allclose(evaluate(empty, empty), [[0.2, 0.8]], atol=1e-14)


def test_operators_are_checked():
    with pytest.raises(ChannelError, match="K"):
        g.kraus([np.eye(2), np.eye(2)], 0)
    with pytest.raises(ChannelError, match=r"sum K\^dagger K"):
        g.kraus([np.array([[0, 1], [0, 0]])], 0)
    with pytest.raises(NonFiniteError):
        g.kraus([np.full((2, 2), np.nan)], 0)
    for wrong in (np.eye(2), [], [np.eye(4)], [np.eye(3)], "abc"):
        with pytest.raises(InvalidArgumentError):
            g.kraus(wrong, 0)


def test_engines() -> None:
    assert DensityMatrix("torch").engine_in_use == "torch"
    kernels = _native.kernels() is not None
    assert DensityMatrix().engine_in_use == ("native" if kernels else "torch")
    with pytest.raises(InvalidArgumentError, match="engine"):
        DensityMatrix("kernels")


@pytest.mark.skipif(_native.kernels() is None, reason="kernels are not compiled")
def test_what_the_kernels_cannot_run_is_run_op_by_op() -> None:
    wide = Circuit(4, [g.h(0), g.unitary(np.eye(16)[::-1], 0, 1, 2, 3), g.bit_flip(0.1, 1)])
    assert wide.expectation("Z1", backend=DensityMatrix()).item() == pytest.approx(-0.8)
    for run in (wide.expectation, wide.probabilities):
        with pytest.raises(UnsupportedOperationError, match="at most 3 qubits"):
            run(*["Z1"][: run == wide.expectation], backend=DensityMatrix("native"))


@both
def test_shots_of_some_qubits_in_any_order(engine) -> None:
    """Samples and estimates, an idle qubit and one that is not asked for among them."""
    w = weights(2)
    circuit = Circuit(4, [g.ry(w[0], 0), g.kraus(damping(0.3), 0), g.cx(0, 2), g.rx(w[1], 3)])
    angles = torch.tensor([1.1, 0.4], dtype=torch.float64)
    run = {"w": angles, "backend": DensityMatrix(engine), "generator": 5}
    samples = circuit.sample(4000, **run)[:, [2, 1, 0]]
    exact = circuit.expectation(
        ["Z2", "Z1", "Z0", "Z0 Z2", "X3"], w=angles, backend=DensityMatrix("torch")
    )
    signs = 1 - 2 * samples.double()
    means = torch.cat([signs.mean(0), (signs[:, 0] * signs[:, 2]).mean()[None]])
    np.testing.assert_allclose(means, exact[:4], rtol=0, atol=6 / 4000**0.5)
    result = circuit.estimate(["Z2", "Z1", "Z0", "Z0 Z2", "X3"], shots=4000, **run)
    errors = result.standard_errors
    assert bool(((result.values - exact).abs() <= 6 * errors + 1e-12).all())
    assert float(errors[1]) == 0.0
    np.testing.assert_allclose(errors[0] * 4000**0.5, (1 - exact[0] ** 2) ** 0.5, rtol=0.1)


@both
@pytest.mark.parametrize("transform", [torch.func.jacrev, torch.func.jacfwd, torch.vmap])
def test_the_first_run_may_be_inside_of_a_transform(engine, transform) -> None:
    """Plans are made of numbers, which a transform must not wrap."""
    x = inputs(2)
    turn = np.array([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    circuit = Circuit(2, [g.rx(x[0], 0), g.unitary(turn, 1), g.ry(x[1], 1), g.bit_flip(0.1, 1)])
    layer = QuantumLayer(circuit, ["Z0", "X1"], backend=DensityMatrix(engine))
    at = torch.tensor([[0.2, 0.4], [1.0, -0.3]], dtype=torch.float64)
    first = transform(layer)(at)
    layer(at)
    torch.testing.assert_close(transform(layer)(at), first)
