"""Channels as values: equality, copies, printing, composition, and what they refuse."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from circuits import weights
from circuits.errors import (
    ArgumentTypeError,
    ChannelError,
    InvalidArgumentError,
    KetworkError,
    NonFiniteError,
    QubitError,
    ShapeError,
    SymbolError,
)
from noise import channels
from noise.channels import (
    AmplitudeDamping,
    BitFlip,
    BitPhaseFlip,
    Depolarizing,
    Kraus,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PauliTransferMatrix,
    PhaseDamping,
    PhaseFlip,
    ThermalRelaxation,
)
from tests.noise.channels.examples import EXAMPLES

each = pytest.mark.parametrize("name", EXAMPLES)


def test_every_class_has_an_example():
    classes = {type(channel).__name__ for channel in EXAMPLES.values()}
    assert classes == set(channels.__all__) - {"Channel"}


@each
def test_channels_are_values(name):
    channel = EXAMPLES[name]
    for clone in (copy.copy(channel), copy.deepcopy(channel), pickle.loads(pickle.dumps(channel))):
        assert clone == channel
        assert hash(clone) == hash(channel)
        assert torch.equal(clone.transfer(), channel.transfer())
    assert sum(channel == other for other in EXAMPLES.values()) == 1
    assert channel != "channel"
    assert type(channel).__name__ in repr(channel)
    with pytest.raises(AttributeError):
        channel.p = 0.5


@each
def test_reprs_of_channels_made_of_numbers_can_be_evaluated(name):
    channel = EXAMPLES[name]
    if not isinstance(channel, Kraus | PauliTransferMatrix):
        assert eval(repr(channel), vars(channels) | {"inf": math.inf}) == channel


@each
def test_ops_are_on_the_qubits_given(name):
    channel = EXAMPLES[name]
    qubits = tuple(range(5, 5 - channel.n_qubits, -1))
    assert channel.on(*qubits).qubits == qubits
    with pytest.raises(QubitError, match="acts on"):
        channel.on(*range(channel.n_qubits + 1))
    with pytest.raises(QubitError):
        channel.on(*[-1] * channel.n_qubits)


def test_the_order_of_labels_does_not_matter():
    assert PauliChannel({"X": 0.1, "Z": 0.2}) == PauliChannel({"Z": 0.2, "X": 0.1})
    assert PauliChannel({"X": 0.1}) != PauliLindblad({"X": 0.1})
    assert BitFlip(0.1) != PhaseFlip(0.1)


def test_arrays_are_copied_and_read_only():
    operators = np.eye(2, dtype=complex)[None]
    channel = Kraus(operators)
    operators[0, 0, 0] = 5
    assert channel == Kraus(np.eye(2)[None])
    with pytest.raises(ValueError, match="read-only"):
        PauliTransferMatrix(np.eye(4)).matrix[0, 0] = 2


def test_unital_channels():
    expected = {
        "amplitude-damping": False, "amplitude-damping-warm": False, "thermal": False,
        "thermal-t2-above-t1": False, "kraus": False, "kraus-2": False, "transfer": False,
    }  # fmt: skip
    for name, channel in EXAMPLES.items():
        assert channel.is_unital == expected.get(name, True)


def test_tensor_puts_the_first_channel_on_the_first_qubit():
    a, b = AmplitudeDamping(0.3), BitFlip(0.2)
    joined = a.tensor(b)
    assert joined.n_qubits == 2
    kept = [0, 1, 2, 3]  # strings on the first qubit alone
    torch.testing.assert_close(joined.transfer()[kept][:, kept], a.transfer(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        PauliChannel({"XI": 0.2}).transfer(), BitFlip(0.2).tensor(BitFlip(0)).transfer(), atol=1e-15
    )


def test_then_and_tensor_want_channels_that_fit():
    with pytest.raises(QubitError, match="1 and 2"):
        BitFlip(0.1).then(Depolarizing(0.1, 2))
    with pytest.raises(ArgumentTypeError, match="got int"):
        BitFlip(0.1).tensor(3)
    with pytest.raises(ArgumentTypeError, match="got str"):
        BitFlip(0.1).then("x")
    with pytest.raises(QubitError):
        BitFlip(0.1).diamond_distance_bound(Depolarizing(0.1, 2))


def test_diamond_distance_of_two_channels():
    assert BitFlip(0.1).diamond_distance_bound(BitFlip(0.35)) == pytest.approx((0.25, 0.25))
    assert BitFlip(0.1).diamond_distance_bound() == pytest.approx((0.1, 0.1))


OUT_OF_RANGE = [
    (lambda: Depolarizing(-0.01), "0 <= p"),
    (lambda: Depolarizing(4 / 3 + 1e-6), "0 <= p"),
    (lambda: Depolarizing(16 / 15 + 1e-6, 2), "0 <= p"),
    (lambda: Depolarizing.from_pauli_probability(1.01), "0 <= p"),
    (lambda: BitFlip(1.01), "0 <= p <= 1"),
    (lambda: PhaseFlip(-0.01), "0 <= p <= 1"),
    (lambda: BitPhaseFlip(2), "0 <= p <= 1"),
    (lambda: PauliChannel({"X": -0.1}), "each probability"),
    (lambda: PauliChannel({"X": 0.6, "Z": 0.5}), "sum of probabilities"),
    (lambda: PauliChannel({"I": 0.8, "Z": 0.1}), "add up to one"),
    (lambda: PauliLindblad({"X": -1e-3}), "each rate >= 0"),
    (lambda: AmplitudeDamping(1.2), "gamma"),
    (lambda: AmplitudeDamping(0.2, -0.1), "population"),
    (lambda: PhaseDamping(-0.2), "lam"),
    (lambda: ThermalRelaxation(1.0, 2.1, 1.0), "t2 <= 2 t1"),
    (lambda: ThermalRelaxation(1e-4, 2.1e-4, 1e-7), "t2 <= 2 t1"),
    (lambda: ThermalRelaxation(1.0, math.inf, 1.0), "t2 <= 2 t1"),
    (lambda: ThermalRelaxation(0.0, 1.0, 1.0), "t1 > 0"),
    (lambda: ThermalRelaxation(1.0, -1.0, 1.0), "t2 > 0"),
    (lambda: ThermalRelaxation(1.0, 1.0, -1.0), "time >= 0"),
    (lambda: ThermalRelaxation(math.inf, 1.0, -1.0), "time >= 0"),
    (lambda: ThermalRelaxation(math.inf, 0.0, 1.0), "t2 > 0"),
    (lambda: ThermalRelaxation(1.0, 1.0, 1.0, 1.5), "population"),
    (lambda: Kraus([np.eye(2) / 2]), r"deviation is 0\.75"),
    (lambda: PauliTransferMatrix(np.diag([0.9, 1, 1, 1])), "first row"),
    (lambda: PauliTransferMatrix(np.diag([1, 1, -1, 1])), "completely positive"),
    (lambda: PauliTransferMatrix(np.eye(4) + 0.1j), "real"),
]


@pytest.mark.parametrize(("build", "message"), OUT_OF_RANGE)
def test_numbers_out_of_range(build, message):
    with pytest.raises(ChannelError, match=message):
        build()


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: Depolarizing(float("nan")), NonFiniteError),
        (lambda: Depolarizing(0.1, 0), InvalidArgumentError),
        (lambda: Depolarizing(0.1, 1.5), ArgumentTypeError),
        (lambda: Depolarizing("a"), SymbolError),
        (lambda: Depolarizing(torch.tensor(0.1, requires_grad=True)), SymbolError),
        (lambda: BitFlip([0.1, 0.2]), SymbolError),
        (lambda: BitFlip(True), SymbolError),
        (lambda: PauliChannel({}), InvalidArgumentError),
        (lambda: PauliChannel({"": 0.1}), KetworkError),
        (lambda: PauliChannel({"XQ": 0.1}), InvalidArgumentError),
        (lambda: PauliChannel({"XX": 0.1, "X": 0.1}), InvalidArgumentError),
        (lambda: PauliChannel([("X", 0.1)]), ArgumentTypeError),
        (lambda: PauliChannel({1: 0.1}), ArgumentTypeError),
        (lambda: PauliLindblad({"II": 0.1}), InvalidArgumentError),
        (lambda: PauliChannel({"I": weights(1)[0], "X": 0.1}), InvalidArgumentError),
        (lambda: AmplitudeDamping(math.inf), NonFiniteError),
        (lambda: ThermalRelaxation(1.0, 1.0, math.inf), NonFiniteError),
        (lambda: ThermalRelaxation(math.inf, 1.0, 1.0, 0.2), InvalidArgumentError),
        (lambda: ThermalRelaxation(math.inf, weights(1)[0], 1.0), InvalidArgumentError),
        (lambda: OverRotation(0.1, "XA"), InvalidArgumentError),
        (lambda: OverRotation(0.1, ""), InvalidArgumentError),
        (lambda: Kraus(np.eye(2)), ShapeError),
        (lambda: Kraus([np.eye(3)]), ShapeError),
        (lambda: Kraus(np.zeros((0, 2, 2))), ShapeError),
        (lambda: Kraus([np.full((2, 2), np.nan)]), NonFiniteError),
        (lambda: PauliTransferMatrix(np.eye(8)), ShapeError),
        (lambda: PauliTransferMatrix(np.eye(2)), ShapeError),
        (lambda: PauliTransferMatrix("matrix"), InvalidArgumentError),
        (lambda: BitFlip(weights(1)[0]).transfer(), SymbolError),
    ],
)
def test_arguments_that_are_no_channel(build, error):
    with pytest.raises(error):
        build()


def test_numbers_may_come_from_numpy_and_torch():
    assert Depolarizing(np.float32(0.5)) == Depolarizing(torch.tensor(0.5)) == Depolarizing(0.5)
    assert isinstance(Depolarizing(np.float32(0.5)).p, float)
    assert ThermalRelaxation(1, 2, 0).average_gate_fidelity() == pytest.approx(1)
