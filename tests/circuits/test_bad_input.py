"""Bad values, observables and options: one error class per cause, and a message that helps.

Each row says what the message must name: the argument, and what was expected or received.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, PauliSum, Probabilities, StateVector, inputs, weights
from circuits import errors as e
from circuits import gates as g
from noise import PauliPropagation, PauliTransfer, Trajectories
from qml import QuantumLayer

NAN, INF = float("nan"), float("inf")
X, W = inputs(3), weights(2)
CIRCUIT = Circuit(
    2, [g.rx(X[0], 0), g.ry(X[1] * W[0], 1), g.cx(0, 1), g.rz(X[2], 0), g.ry(W[1], 0)]
)
GOOD_X, GOOD_W = torch.rand(5, 3), torch.rand(2)

RUNS = {
    "statevector": lambda x, w: CIRCUIT.statevector(x, w),
    "expectation": lambda x, w: CIRCUIT.expectation("Z0", x, w),
    "shots": lambda x, w: CIRCUIT.expectation("Z0", x, w, shots=5),
    "estimate": lambda x, w: CIRCUIT.estimate("Z0", x, w),
    "probabilities": lambda x, w: CIRCUIT.probabilities(x, w),
    "sample": lambda x, w: CIRCUIT.sample(3, x, w),
    "density": lambda x, w: CIRCUIT.expectation("Z0", x, w, backend=DensityMatrix()),
    "density-shots": lambda x, w: CIRCUIT.expectation("Z0", x, w, backend=DensityMatrix(), shots=5),
}


VALUES = [
    pytest.param(
        torch.rand(5, 4), GOOD_W, e.ShapeError, r"`x`.*\(\.\.\., 3\).*\(5, 4\)", id="features"
    ),
    pytest.param(torch.rand(()), GOOD_W, e.ShapeError, "`x`", id="scalar x"),
    pytest.param(GOOD_X, torch.rand(3), e.ShapeError, "`w`.*weight", id="weights"),
    pytest.param(
        GOOD_X, torch.rand(4, 2), e.ShapeError, r"\(5,\).*\(4,\).*broadcast", id="batches"
    ),
    pytest.param(None, GOOD_W, e.InvalidArgumentError, "`x` is missing", id="no x"),
    pytest.param(GOOD_X, None, e.InvalidArgumentError, "`w` is missing", id="no w"),
    pytest.param(GOOD_X.int(), GOOD_W, e.DtypeError, "`x` must be a float64.*int32", id="integer"),
    pytest.param(GOOD_X > 0.5, GOOD_W, e.DtypeError, "bool", id="bool"),
    pytest.param(GOOD_X + 0j, GOOD_W, e.DtypeError, "complex64.*real", id="complex"),
    pytest.param(GOOD_X, GOOD_W + 0j, e.DtypeError, "`w` must be", id="complex w"),
    pytest.param([1, 2, 3], GOOD_W, e.DtypeError, "int64", id="integers in a list"),
    pytest.param(GOOD_X.to(torch.float8_e4m3fn), GOOD_W, e.DtypeError, "float8", id="float8"),
    pytest.param("abc", GOOD_W, e.KetworkError, "`x", id="string"),
    pytest.param([[1.0], [1.0, 2.0]], GOOD_W, e.ArgumentTypeError, "`x", id="ragged"),
    pytest.param({"y": GOOD_X}, GOOD_W, e.SymbolError, "keys.*x.*got.*y", id="wrong key"),
    pytest.param({"x": GOOD_X, "y": GOOD_X}, GOOD_W, e.SymbolError, "keys", id="more keys"),
    pytest.param(
        torch.full((5, 3), NAN), GOOD_W, e.NonFiniteError, "value 0 of the inputs is nan", id="nan"
    ),
    pytest.param(
        torch.tensor([[0.1, 0.2, 0.3], [0.1, INF, 0.2]]),
        GOOD_W,
        e.NonFiniteError,
        r"value 1 of the inputs is inf \(sample 1\)",
        id="inf",
    ),
    pytest.param(
        GOOD_X, torch.tensor([0.1, NAN]), e.NonFiniteError, "value 1 of the weights", id="nan w"
    ),
]


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
@pytest.mark.parametrize(("x", "w", "error", "message"), VALUES)
def test_values(run, x, w, error, message):
    with pytest.raises(error, match=message):
        run(x, w)
    run(GOOD_X, GOOD_W)


def test_superfluous_values():
    fixed = Circuit(1, [g.h(0)])
    with pytest.raises(e.InvalidArgumentError, match=r"`x` was given.*inputs\(\.\.\.\)"):
        fixed.expectation("Z0", torch.rand(1))
    with pytest.raises(e.InvalidArgumentError, match="`w` was given"):
        fixed.expectation("Z0", w=torch.rand(1))


def test_several_groups():
    a, b = inputs(2, name="a"), inputs(3, name="b")
    circuit = Circuit(1, [g.rx(a[0], 0), g.ry(b[2], 0), g.rz(a[1], 0), g.rx(b[0] * b[1], 0)])
    va, vb = torch.rand(4, 2), torch.rand(4, 3)
    expected = circuit.expectation("Z0", {"a": va, "b": vb})
    torch.testing.assert_close(circuit.expectation("Z0", {"b": vb, "a": va}), expected)
    joined = torch.cat([va, vb], dim=1)
    torch.testing.assert_close(circuit.expectation("Z0", joined), expected)
    for bad, error in (
        ({"a": va}, e.SymbolError),
        (torch.rand(4, 6), e.ShapeError),
        (torch.rand(()), e.ShapeError),
        ({"a": va, "b": torch.rand(3, 3)}, e.ShapeError),
    ):  # fmt: skip
        with pytest.raises(error):
            circuit.expectation("Z0", bad)


@pytest.mark.parametrize(
    ("observable", "error", "message"),
    [
        ("Z2", e.ObservableError, "2"),
        ("ZZZ", e.ObservableError, "3"),
        ("Z", e.ObservableError, ""),
        ("Q0", e.ObservableError, "Q"),
        ([], e.ObservableError, "empty"),
        (3, e.ArgumentTypeError, "int"),
        ([None], e.ArgumentTypeError, "NoneType"),
        (PauliSum({"X0": 1j}), e.ObservableError, "ermitian"),
        (["Z0", PauliSum("X0") * PauliSum("Y0")], e.ObservableError, r"observables\[1\]"),
        ({"Z0": NAN}, e.NonFiniteError, "finite"),
        (np.eye(4), e.KetworkError, ""),
    ],
)
def test_observables(observable, error, message):
    for run in (
        lambda: CIRCUIT.expectation(observable, GOOD_X, GOOD_W),
        lambda: CIRCUIT.estimate(observable, GOOD_X, GOOD_W),
        lambda: QuantumLayer(CIRCUIT, observable),
    ):
        with pytest.raises(error, match=message):
            run()


@pytest.mark.parametrize("qubits", [[2], [0, 0], [-1], [], [0.0], [True], "0"])
def test_kept_qubits(qubits):
    with pytest.raises(e.InvalidArgumentError):
        CIRCUIT.probabilities(GOOD_X, GOOD_W, qubits=qubits)
    with pytest.raises(e.InvalidArgumentError):
        QuantumLayer(CIRCUIT, Probabilities(qubits))


def test_one_kept_qubit_is_a_list_of_one():
    with pytest.raises(e.ArgumentTypeError, match=r"must be a sequence.*\[0\], got int: 1"):
        CIRCUIT.probabilities(GOOD_X, GOOD_W, qubits=1)
    with pytest.raises(e.ArgumentTypeError, match=r"must be a sequence.*\[0\], got int: 1"):
        Probabilities(1)


@pytest.mark.parametrize(
    "backend", [None, DensityMatrix(), PauliTransfer(), PauliPropagation()], ids=repr
)
def test_a_generator_without_shots_has_no_effect(backend):
    for run in (CIRCUIT.expectation, CIRCUIT.estimate):
        with pytest.raises(e.InvalidArgumentError, match="`generator` has no effect"):
            run("Z0", GOOD_X, GOOD_W, backend=backend, generator=1)
    drawn = CIRCUIT.estimate("Z0", GOOD_X, GOOD_W, backend=Trajectories(None, 2), generator=1)
    assert drawn.values is not None


@pytest.mark.parametrize("backend", ["statevector", StateVector, 3, torch.device("cpu")])
def test_backends(backend):
    for run in (
        lambda: CIRCUIT.expectation("Z0", GOOD_X, GOOD_W, backend=backend),
        lambda: CIRCUIT.sample(3, GOOD_X, GOOD_W, backend=backend),
        lambda: QuantumLayer(CIRCUIT, backend=backend),
    ):
        with pytest.raises(e.ArgumentTypeError, match=r"backend.*StateVector"):
            run()


def test_engines():
    with pytest.raises(e.InvalidArgumentError, match=r"engine.*'gpu'"):
        StateVector("gpu")


@pytest.mark.parametrize("engine", ["torch", "auto"])
def test_too_many_qubits_for_memory(engine):
    """Refused before anything is allocated, with the size needed."""
    wide = Circuit(45, [g.h(0), g.cx(0, 44)])
    entangled = Circuit(25, [g.h(0), *(g.cx(0, q) for q in range(1, 25))])
    backend = StateVector(engine)
    for run in (
        wide.statevector,
        lambda: wide.expectation("Z0", backend=backend),
        lambda: wide.estimate("Z0", backend=backend),
        lambda: wide.sample(1, backend=backend),
        lambda: wide.expectation("Z0", backend=backend, shots=1),
        lambda: wide.probabilities(backend=backend, qubits=[0]),
        lambda: QuantumLayer(wide, "Z0", backend=backend)(),
        lambda: QuantumLayer(wide, "Z0", backend=backend, diff_method="backprop")(),
        lambda: entangled.expectation("Z0", backend=DensityMatrix()),
    ):
        with pytest.raises(e.ResourceLimitError, match="GiB"):
            run()


def test_too_many_points_for_memory():
    """The torch engine holds the states of the whole batch; the kernels do not."""
    circuit, points = Circuit(20, [g.rx(inputs(1)[0], 0)]), torch.zeros(1, 1).expand(10**7, 1)
    with pytest.raises(e.ResourceLimitError, match="10000000 state"):
        circuit.expectation("Z0", points, backend=StateVector("torch"))


def test_numpy_and_lists_are_welcome():
    found = CIRCUIT.expectation("Z0", GOOD_X.numpy(), GOOD_W.tolist())
    torch.testing.assert_close(found, CIRCUIT.expectation("Z0", GOOD_X, GOOD_W))
