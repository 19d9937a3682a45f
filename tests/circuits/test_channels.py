"""Channels as ops: transfer matrices, limits of strengths, and who refuses them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from circuits import Circuit, DensityMatrix, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import (
    ArgumentTypeError,
    ChannelError,
    InvalidArgumentError,
    KetworkError,
    NonFiniteError,
    QubitError,
    ResourceLimitError,
    SymbolError,
    UnsupportedOperationError,
)
from circuits.gates.record import pauli_matrix
from tests.support.channels import EXAMPLES, final_state, scrambled, transfer_of
from tests.support.strategies import circuits

each = pytest.mark.parametrize("name", EXAMPLES)
CHANNELS = [name for name, gate in g.TABLE.items() if gate.is_channel]


def of_matrix(matrix: np.ndarray) -> np.ndarray:
    """R[i, j] = Tr(P_i U P_j U^dagger) / d, entry by entry."""
    d = len(matrix)
    k = d.bit_length() - 1
    labels = ["".join("IXYZ"[i // 4**q % 4] for q in range(k)) for i in range(4**k)]
    paulis = [pauli_matrix(label) for label in labels]
    images = [matrix @ p @ matrix.conj().T for p in paulis]
    return np.array([[np.trace(p @ image).real / d for image in images] for p in paulis])


def test_there_is_an_example_of_every_channel():
    assert {op.name for op in EXAMPLES.values()} == set(CHANNELS)


@settings(max_examples=30)
@given(circuits(max_qubits=3, max_ops=4))
def test_transfer_of_unitary_ops(circuit):
    for op in circuit.ops:
        if op.is_channel or op.kind == "state_preparation":
            continue
        angles = torch.linspace(-1, 2, len(op.angles) + 1, dtype=torch.float64)[1:]
        block = op.block(angles).numpy()
        d = 2 ** len(op.qubits)
        matrix = np.eye(d, dtype=complex)
        on = [i for i in range(d) if i % 2**op.n_controls == 2**op.n_controls - 1]
        matrix[np.ix_(on, on)] = block
        np.testing.assert_allclose(op.transfer(angles), of_matrix(matrix), rtol=0, atol=1e-12)


@pytest.mark.parametrize("op", [g.barrier(0, 1), g.delay(1e-6, 0), g.id(0)], ids=str)
def test_what_does_nothing_has_the_identity(op):
    angles = torch.zeros(len(op.angles))
    assert torch.equal(op.transfer(angles), torch.eye(4 ** len(op.qubits)))


def test_a_global_phase_is_nothing_to_a_density_matrix():
    found = g.global_phase(0.3).transfer(torch.tensor([0.3]))
    assert found.tolist() == [[pytest.approx(1)]]


def test_transfer_is_refused_by_name():
    with pytest.raises(UnsupportedOperationError, match="state_preparation"):
        _ = g.state_preparation([1, 0], 0).transfer
    with pytest.raises(ResourceLimitError, match="barrier"):
        _ = g.barrier(*range(7)).transfer


@each
def test_transfer_matrices_are_batched_and_follow_dtype(name, dtype, tolerance):
    op = EXAMPLES[name]
    values = torch.tensor([float(a) for a in op.angles], dtype=dtype)
    batch = values.expand(3, 2, -1) * torch.tensor([1.0, 0.5, 0.0], dtype=dtype)[:, None, None]
    if name.startswith("thermal"):
        batch = values.expand(3, 2, -1).clone()
        batch[..., 2] *= torch.tensor([1.0, 0.5, 0.0], dtype=dtype)[:, None]
    size = 4 ** len(op.qubits)
    matrices = op.transfer(batch)
    assert (matrices.shape, matrices.dtype) == ((3, 2, size, size), dtype)
    for index in np.ndindex(3, 2):
        torch.testing.assert_close(matrices[index], op.transfer(batch[index]), **tolerance)
    if op.angles:
        torch.testing.assert_close(matrices[2, 0], torch.eye(size, dtype=dtype), **tolerance)


@each
def test_diagonal_is_said_of_pauli_noise_only(name):
    op = EXAMPLES[name]
    matrix = transfer_of(op)
    assert op.gate.diagonal == np.array_equal(matrix, np.diag(np.diag(matrix)))


@each
def test_channels_are_values(name):
    op = EXAMPLES[name]
    for clone in (pickle.loads(pickle.dumps(op)), copy.deepcopy(op)):
        assert clone == op
        assert clone.structure == op.structure
        assert clone.is_channel
        np.testing.assert_array_equal(transfer_of(clone), transfer_of(op))
    assert op.name in repr(op)


def test_only_structure_is_hashed():
    w = weights(2)
    for make in (
        lambda s: g.depolarizing(s, 0), lambda s: g.pauli_channel({"X": s, "Z": 0.1}, 0),
        lambda s: g.thermal_relaxation(1.0, 1.0, s, 0),
    ):  # fmt: skip
        one, other, symbolic = (Circuit(1, [make(s)]) for s in (0.1, 0.2, w[0]))
        assert one.content_hash == other.content_hash != symbolic.content_hash
        assert one != other
    one, other = (Circuit(1, [g.pauli_channel({label: 0.1}, 0)]) for label in "XZ")
    assert one.content_hash != other.content_hash


@each
def test_every_channel_changes_the_state(name):
    """Noise that is not applied is what users fear most."""
    circuit = scrambled(EXAMPLES[name])
    clean = Circuit(3, [circuit.ops[0], circuit.ops[2]])
    assert np.abs(final_state(circuit) - final_state(clean)).max() > 0.01
    assert np.trace(final_state(circuit)).real == pytest.approx(1, abs=1e-12)


@each
def test_channels_have_no_inverse_and_no_controls(name):
    op = EXAMPLES[name]
    with pytest.raises(UnsupportedOperationError, match=rf"Operation 0: .*`{op.name}`.*channel"):
        Circuit(3, [op]).inverse()
    with pytest.raises(UnsupportedOperationError, match=op.name):
        g.controlled(op, 5)


@each
@pytest.mark.parametrize("version", [2, 3])
def test_openqasm_has_no_channels(name, version):
    with pytest.raises(KetworkError, match=EXAMPLES[name].name):
        Circuit(3, [g.h(0), EXAMPLES[name]]).to_qasm(version=version)


@each
@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_state_vectors_refuse_channels_by_name(name, engine):
    op = EXAMPLES[name]
    circuit = Circuit(3, [g.h(0), op])
    message = rf"Operation 1 \(`{op.name}`\).*DensityMatrix"
    for run in (
        lambda: circuit.expectation("Z0", backend=StateVector(engine)),
        lambda: circuit.probabilities(backend=StateVector(engine)),
        circuit.statevector,
    ):
        with pytest.raises(UnsupportedOperationError, match=message):
            run()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda s: g.depolarizing(s(1.4), 3), r"`depolarizing` on qubits \(3,\).*p = 1\.4"),
        (lambda s: g.depolarizing(s(1.1), 3, 1), r"4\^k"),
        (lambda s: g.depolarizing(s(-0.1), 3), r"p = -0\.1"),
        (lambda s: g.pauli_channel({"X": s(0.6), "Y": 0.6}, 0), "sum of probabilities"),
        (lambda s: g.pauli_channel({"X": s(-0.1)}, 0), "X = -0.1"),
        (lambda s: g.bit_flip(s(1.1), 0), "0 <= p <= 1"),
        (lambda s: g.phase_flip(s(-0.1), 0), "0 <= p <= 1"),
        (lambda s: g.bit_phase_flip(s(1.5), 0), "0 <= p <= 1"),
        (lambda s: g.amplitude_damping(s(1.1), 0), "0 <= gamma <= 1"),
        (lambda s: g.amplitude_damping(0.1, 0, population=s(-0.2)), "0 <= population <= 1"),
        (lambda s: g.phase_damping(s(1.1), 0), "0 <= lam <= 1"),
        (lambda s: g.thermal_relaxation(1.0, s(2.1), 1.0, 0), "t2 <= 2 t1"),
        (lambda s: g.thermal_relaxation(1e-5, s(2.1e-5), 1e-7, 0), "t2 <= 2 t1"),
        (lambda s: g.thermal_relaxation(s(0.0), 1.0, 1.0, 0), "t1 > 0"),
        (lambda s: g.thermal_relaxation(1.0, s(-1.0), 1.0, 0), "t2 > 0"),
        (lambda s: g.thermal_relaxation(1.0, 1.0, s(-1.0), 0), "time >= 0"),
        (lambda s: g.thermal_relaxation(1.0, 1.0, 1.0, 0, population=s(2.0)), "population"),
        (lambda s: g.pauli_lindblad({"X": s(-0.1)}, 0), "each rate >= 0"),
    ],
)
def test_strengths_out_of_range(build, message):
    """Numbers when the op is made or bound, symbols when they get values."""
    with pytest.raises(ChannelError, match=message):
        build(lambda value: value)
    given: list[float] = []
    w = weights(1)

    def symbol(value: float):
        given.append(value)
        return w[0]

    circuit = Circuit(4, [g.h(0), build(symbol)])
    with pytest.raises(ChannelError, match=message):
        circuit.bind(w=given)
    run = {"backend": DensityMatrix("torch")}
    value = torch.tensor(given, dtype=torch.float64)
    with pytest.raises(ChannelError, match=r"\(operation 1\)"):
        circuit.expectation("Z0", w=value, **run)
    with pytest.raises(ChannelError, match=message):
        circuit.expectation("Z0", w=value.float(), shots=10, **run)


def test_the_sample_out_of_range_is_named():
    x = inputs(1)
    circuit = Circuit(1, [g.bit_flip(0.1, 0), g.bit_flip(x[0], 0), g.phase_flip(x[0], 0)])
    values = torch.tensor([[0.1], [0.2], [1.2], [0.3]])
    with pytest.raises(ChannelError, match=r"`bit_flip`.*p = 1\.2.*operation 1, sample 2"):
        circuit.expectation("Z0", values, backend=DensityMatrix("torch"))


def test_ends_of_the_ranges_are_in_range(dtype):
    w = weights(4)
    circuit = Circuit(
        1,
        [g.depolarizing(w[0] * (4 / 3), 0), g.amplitude_damping(w[0], 0, population=w[1]),
         g.thermal_relaxation(w[2], w[3], w[1], 0), g.pauli_lindblad({"X": w[1]}, 0),
         g.pauli_channel({"X": w[0] / 3, "Y": w[0] / 3, "Z": w[0] / 3}, 0)],
    )  # fmt: skip
    values = torch.tensor([1.0, 0.0, 0.7e-5, 1.4e-5], dtype=dtype)
    found = circuit.expectation("Z0", w=values, backend=DensityMatrix("torch"))
    assert torch.isfinite(found).all()


def test_values_that_are_not_finite_are_named_as_such():
    circuit = Circuit(1, [g.h(0), g.bit_flip(weights(1)[0], 0)])
    with pytest.raises(NonFiniteError, match="weights"):
        circuit.expectation("Z0", w=torch.tensor([float("nan")]), backend=DensityMatrix("torch"))


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: g.depolarizing(0.1), InvalidArgumentError),
        (lambda: g.depolarizing(0.1, 0, 0), QubitError),
        (lambda: g.depolarizing(float("inf"), 0), NonFiniteError),
        (lambda: g.bit_flip(0), InvalidArgumentError),
        (lambda: g.bit_flip(0.1, 0.5), QubitError),
        (lambda: g.bit_flip(torch.tensor(0.1, requires_grad=True), 0), SymbolError),
        (lambda: g.amplitude_damping(0.1, "0"), QubitError),
        (lambda: g.pauli_channel({}, 0), InvalidArgumentError),
        (lambda: g.pauli_channel({"XX": 0.1}, 0), InvalidArgumentError),
        (lambda: g.pauli_channel({"A": 0.1}, 0), InvalidArgumentError),
        (lambda: g.pauli_channel({"I": 0.1}, 0), InvalidArgumentError),
        (lambda: g.pauli_channel({"X Y": 0.1}, 0, 1, 2), InvalidArgumentError),
        (lambda: g.pauli_channel([0.1], 0), ArgumentTypeError),
        (lambda: g.pauli_lindblad({3: 0.1}, 0), InvalidArgumentError),
        (lambda: g.transfer_matrix(np.eye(4), 0, 1), InvalidArgumentError),
        (lambda: g.transfer_matrix(np.eye(4)), InvalidArgumentError),
        (lambda: g.transfer_matrix(np.diag([1, 1, 1, -1]), 0), ChannelError),
        (lambda: g.transfer_matrix(np.eye(4) * 1j, 0), ChannelError),
        (lambda: g.transfer_matrix(torch.eye(4, requires_grad=True), 0), SymbolError),
    ],
)
def test_arguments_that_are_no_channel(build, error):
    with pytest.raises(error):
        build()


def test_drawings_show_name_and_strength():
    w = weights(1)
    ops = [g.depolarizing(w[0], 0, 1), g.thermal_relaxation(3.0, 2.0, 0.25, 0),
           g.pauli_channel({"XZ": 0.125}, 0, 1), g.kraus([np.eye(2)], 0)]  # fmt: skip
    text = str(Circuit(2, ops).draw(width=None))
    for piece in ("Depol(weight[0])", "Relax(3, 2, 0.25, 0)", "Pauli(0.125, XZ)", "Kraus"):
        assert piece in text
