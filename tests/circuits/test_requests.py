"""`Request`, `Result`, `Values` and `counts`: layout and checks."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from circuits import (
    Circuit,
    DensityMatrix,
    PauliSum,
    Request,
    Result,
    StateVector,
    Values,
    counts,
    inputs,
    weights,
)
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    DtypeError,
    InvalidArgumentError,
    ObservableError,
    QubitError,
    ShapeError,
)

a, b, x = weights(2, name="a"), weights(name="b"), inputs(2)
CIRCUIT = Circuit(1, [g.rx(b, 0), g.ry(x[1], 0), g.rz(a[1], 0)])
Z = PauliSum("Z0")


def test_values_are_inputs_then_weights_in_order_of_first_use():
    table = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5]], dtype=torch.float64)  # x0 x1 b a0 a1
    request = Request(CIRCUIT, table, [Z])
    assert request.points == 1
    assert torch.equal(request.values, table)
    assert torch.equal(request.inputs, table[:, :2])
    assert torch.equal(request.weights, table[:, 2:])
    direct = Circuit(1, [g.rx(0.3, 0), g.ry(0.2, 0), g.rz(0.5, 0)])
    (result,) = StateVector().run([request])
    torch.testing.assert_close(result.values[0], direct.expectation("Z0"))


def test_shared_weights_are_one_row():
    request = Request(CIRCUIT, Values(torch.zeros(4, 2), torch.ones(1, 3)), [Z])
    assert request.points == 4
    assert request.weights.shape == (1, 3)
    assert request.values.shape == (4, 5)


@pytest.mark.parametrize("shape", [(5,), (1, 4), (1, 6), (2, 1, 5)])
def test_tables_have_one_column_per_symbol(shape):
    with pytest.raises(ShapeError, match=r"\(points, 5\): 2 inputs and 3 weights"):
        Request(CIRCUIT, torch.zeros(shape), [Z])


def test_one_thing_is_measured():
    table = torch.zeros(1, 5)
    with pytest.raises(InvalidArgumentError, match="exactly one"):
        Request(CIRCUIT, table)
    with pytest.raises(InvalidArgumentError, match="exactly one"):
        Request(CIRCUIT, table, [Z], qubits=[0])


@pytest.mark.parametrize(
    ("values", "what", "error", "message"),
    [
        (torch.zeros(1, 5), {"observables": [PauliSum("Z1")]}, ObservableError, "only 1 qubits"),
        (torch.zeros(1, 5), {"observables": [PauliSum("IZ")]}, ObservableError, "fixed width of 2"),
        (torch.zeros(1, 5), {"observables": [1j * Z]}, ObservableError, r"observables\[0\].*1j"),
        (torch.zeros(1, 5), {"observables": [3]}, ArgumentTypeError, "observables"),
        (torch.zeros(1, 5), {"qubits": [1]}, QubitError, "names qubit 1, but the circuit has 1"),
        (torch.zeros(1, 5), {"qubits": [0, 0]}, QubitError, "distinct"),
        (torch.zeros(1, 5), {"qubits": 0}, ArgumentTypeError, r"such as \[0\], got int"),
        ([[0.0] * 5], {"observables": [Z]}, ArgumentTypeError, "`values` must be a tensor"),
        (torch.zeros(1, 5).long(), {"observables": [Z]}, DtypeError, "float64, got torch.int64"),
        (torch.zeros(1, 5), {"observables": [Z], "generator": "a"}, InvalidArgumentError, "str"),
        (torch.zeros(1, 5), {"observables": [Z], "generator": 2**64}, InvalidArgumentError, "64"),
    ],
)
def test_what_does_not_fit_is_refused(values, what, error, message):
    """When the request is made: a simulator would measure |0> on a qubit that is not there."""
    with pytest.raises(error, match=message):
        Request(CIRCUIT, values, **what)


def test_a_request_is_about_a_circuit():
    with pytest.raises(ArgumentTypeError, match="`circuit` must be a Circuit, got list"):
        Request([g.h(0)], torch.zeros(1, 0), [Z])


def test_labels_are_observables():
    assert Request(CIRCUIT, torch.zeros(1, 5), ["Z0", {"X0": 0.5}]).observables == (
        Z,
        PauliSum({"X0": 0.5}),
    )


def test_another_circuit_keeps_the_rest():
    request = Request(CIRCUIT, torch.zeros(2, 5), [Z], shots=3, generator=4, tags={"k": 1})
    other = request.with_circuit(CIRCUIT + g.h(0))
    assert len(other.circuit) == 4
    assert (other.shots, other.generator, other.tags, other.observables) == (3, 4, {"k": 1}, (Z,))
    assert torch.equal(other.values, request.values)
    assert "shots=3" in repr(request)


def test_bases_go_with_qubits():
    table = torch.zeros(1, 0)
    circuit = Circuit(3, [g.h(0)])
    request = Request(circuit, table, qubits=(2, 0, 1), bases="XZY")
    assert request.rotations == {2: "X", 1: "Y"}
    assert request.with_circuit(circuit + g.x(1)).bases == "XZY"
    assert "XZY" in repr(request)
    plain = Request(circuit, table, qubits=(2, 0), bases="ZZ")
    assert plain.bases is None
    assert plain.rotations == {}
    with pytest.raises(InvalidArgumentError, match="give `qubits`"):
        Request(circuit, table, [Z], bases="Z")
    for bases in ("X", "XYZ", "XI", "xy", 3):
        with pytest.raises(InvalidArgumentError, match="2 letters X, Y or Z"):
            Request(circuit, table, qubits=(0, 1), bases=bases)


@pytest.mark.parametrize("backend", [StateVector("torch"), DensityMatrix()])
def test_rotated_probabilities_keep_their_gradient(backend):
    """P(0) of measuring Y after rx(t) is (1 - sin t) / 2; other qubits stay in Z."""
    t = weights(name="t")
    circuit = Circuit(2, [g.rx(t, 1), g.x(0)])
    table = torch.tensor([[0.7], [-0.4]], dtype=torch.float64, requires_grad=True)
    (result,) = backend.run([Request(circuit, table, qubits=(1,), bases="Y")])
    torch.testing.assert_close(result.values[:, 0], (1 - table[:, 0].sin()) / 2)
    (found,) = torch.autograd.grad(result.values[:, 0].sum(), table)
    torch.testing.assert_close(found, -table.detach().cos() / 2)
    (both,) = backend.run([Request(circuit, table, qubits=(0, 1), bases="ZY")])
    torch.testing.assert_close(both.values[:, 1::2], result.values)
    assert float(both.values[:, ::2].detach().abs().max()) < 1e-12


@pytest.mark.parametrize("backend", [StateVector(), DensityMatrix()])
def test_samples_in_a_basis_in_which_the_state_is_sure(backend):
    circuit = Circuit(2, [g.h(0), g.rx(math.pi / 2, 1)])
    request = Request(circuit, torch.zeros(1, 0), qubits=(1, 0), bases="YX", shots=200, generator=1)
    (result,) = backend.run([request])
    assert result.counts == [{"01": 200}]


def test_results_are_frozen_and_say_what_they_lack():
    result = Result(values=torch.ones(2, 1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.values = torch.zeros(2, 1)
    assert torch.equal(result.standard_errors, torch.zeros(2, 1))
    with pytest.raises(InvalidArgumentError, match="samples"):
        _ = result.counts
    samples = Result(samples=torch.tensor([[[1, 0], [1, 0], [0, 1]]], dtype=torch.uint8))
    assert samples.counts == [{"01": 2, "10": 1}]
    with pytest.raises(InvalidArgumentError, match="values"):
        _ = samples.standard_errors


def test_results_are_reshaped_to_the_batch():
    result = Result(torch.ones(6, 2), torch.full((6, 2), 0.25)).reshape((2, 3), torch.float64)
    assert result.values.shape == (2, 3, 2)
    assert result.values.dtype == torch.float64
    assert torch.equal(result.standard_errors, torch.full((2, 3, 2), 0.5, dtype=torch.float64))


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (torch.tensor([[0, 2]]), InvalidArgumentError, "0 and 1 alone"),
        (torch.tensor([[0.0, 0.5]]), InvalidArgumentError, "0 and 1 alone"),
        ([[0, 1]], ArgumentTypeError, "got list.*as_tensor"),
    ],
)
def test_counts_are_of_bits(samples, error, message):
    with pytest.raises(error, match=message):
        counts(samples)


def test_counts_take_one_point():
    with pytest.raises(ShapeError, match="index the batch"):
        counts(torch.zeros(2, 3, 4, dtype=torch.uint8))
    assert counts(torch.zeros(0, 2, dtype=torch.uint8)) == {}


def test_estimates_have_the_batch_of_the_values():
    values = {"a": torch.rand(2), "b": torch.rand(3, 1)}
    result = CIRCUIT.estimate(["Z0", "X0"], torch.rand(3, 4, 2), values, shots=20, generator=0)
    assert result.values.shape == result.standard_errors.shape == (3, 4, 2)
    assert result.values.dtype == torch.float32
