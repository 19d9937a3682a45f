"""`scaled`: generator scaling of every channel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuits import Circuit, DensityMatrix, weights
from circuits import gates as g
from circuits.errors import ArgumentTypeError, ChannelError, InvalidArgumentError, SymbolError
from noise.channels import (
    AmplitudeDamping,
    BitFlip,
    Depolarizing,
    Kraus,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PauliTransferMatrix,
    PhaseDamping,
    ThermalRelaxation,
)
from tests.noise.channels.examples import EXAMPLES

each = pytest.mark.parametrize("name", EXAMPLES)
NO_ROOTS = ("depolarizing-above-1", "pauli-2", "kraus", "kraus-2", "transfer")
WITH_ROOTS = [name for name in EXAMPLES if name not in NO_ROOTS]


def assert_same(one, other, atol=1e-12):
    torch.testing.assert_close(one.transfer(), other.transfer(), rtol=0, atol=atol)


@each
def test_zero_is_the_identity_and_one_the_channel_itself(name):
    channel = EXAMPLES[name]
    eye = torch.eye(4**channel.n_qubits, dtype=torch.float64)
    torch.testing.assert_close(channel.scaled(0).transfer(), eye, rtol=0, atol=1e-15)
    assert channel.scaled(1) is channel


@each
def test_an_integer_is_that_many_times_the_channel(name):
    channel = EXAMPLES[name]
    assert_same(channel.scaled(2), channel.then(channel))
    assert_same(channel.scaled(3), channel.then(channel).then(channel))


@pytest.mark.parametrize("name", WITH_ROOTS)
def test_fractions_compose(name):
    channel = EXAMPLES[name]
    half = channel.scaled(0.5)
    assert_same(half.then(half), channel)
    assert_same(channel.scaled(1.5), channel.then(half))
    assert_same(channel.scaled(0.3).scaled(2.5), channel.scaled(0.75))


@pytest.mark.parametrize("name", ["amplitude-damping-warm", "lindblad", "thermal"])
def test_matrices_scale_as_the_named_channels_do(name):
    channel = EXAMPLES[name]
    for given in (PauliTransferMatrix(channel.transfer()), Kraus(channel.kraus())):
        assert_same(given.scaled(1.7), channel.scaled(1.7))
        assert_same(given.scaled(0.4), channel.scaled(0.4))


def test_the_stated_formulas():
    assert Depolarizing(0.2).scaled(3).p == pytest.approx(1 - 0.8**3)
    assert BitFlip(0.1).scaled(1.5).p == pytest.approx((1 - 0.8**1.5) / 2)
    assert AmplitudeDamping(0.2, 0.1).scaled(2).gamma == pytest.approx(1 - 0.8**2)
    assert AmplitudeDamping(0.2, 0.1).scaled(2).population == 0.1
    assert PhaseDamping(0.2).scaled(0.5).lam == pytest.approx(1 - math.sqrt(0.8))
    assert ThermalRelaxation(3.0, 2.0, 1.0).scaled(2.5).time == 2.5
    assert OverRotation(0.1, "X").scaled(3) == OverRotation(0.1 * 3, "X")
    assert PauliLindblad({"X": 0.1}).scaled(3) == PauliLindblad({"X": 3 * 0.1})
    assert type(PauliChannel({"X": 0.1}).scaled(1.5)) is PauliChannel


def test_complete_loss_stays_complete():
    for channel in (Depolarizing(1.0), AmplitudeDamping(1.0), PhaseDamping(1.0), BitFlip(0.5)):
        assert channel.scaled(0.25) == channel.scaled(4) == channel


@pytest.mark.parametrize(
    "channel",
    [
        Depolarizing(1.2), BitFlip(0.7), PauliChannel({"X": 0.7}),
        PauliTransferMatrix(np.diag([1, -0.2, -0.2, 0.3])),
        PauliTransferMatrix(np.diag([1, 0.0, 0.0, 1.0])),
        PauliChannel({"X": 0.1, "Z": 0.1}),  # Y arises at second order only
    ],
    ids=repr,
)  # fmt: skip
def test_powers_that_are_no_channels(channel):
    with pytest.raises(ChannelError, match=r"scaled by 0\.5|completely positive"):
        channel.scaled(0.5)


def test_roots_that_are_not_completely_positive():
    from noise.channels.general import transfer_power

    given = PauliTransferMatrix(PauliChannel({"X": 0.1, "Z": 0.1}).transfer())
    assert transfer_power(given.matrix, 0.5).min() >= -1e-12
    with pytest.raises(ChannelError, match="completely positive"):
        given.scaled(0.5)


@pytest.mark.parametrize("factor", [-0.1, -3])
def test_negative_factors(factor):
    with pytest.raises(InvalidArgumentError, match="at least 0"):
        BitFlip(0.1).scaled(factor)


def test_factors_are_finite_numbers():
    with pytest.raises(InvalidArgumentError):
        BitFlip(0.1).scaled(float("nan"))
    with pytest.raises(ArgumentTypeError):
        BitFlip(0.1).scaled("2")


def test_symbols_scale_where_the_result_is_a_polynomial():
    w = weights(2)
    values = torch.tensor([0.1, 0.3], dtype=torch.float64)

    def expectation(channel, w):
        circuit = Circuit(1, [g.ry(0.4, 0), channel.on(0)])
        return circuit.expectation(["X0", "Z0"], w=w, backend=DensityMatrix("torch"))

    for make in (
        lambda s: Depolarizing(s[0]), lambda s: BitFlip(s[0]), lambda s: PhaseDamping(s[1]),
        lambda s: AmplitudeDamping(s[1], s[0]), lambda s: PauliLindblad({"X": s[0], "Z": s[1]}),
        lambda s: OverRotation(s[0], "Y"), lambda s: ThermalRelaxation(1.0, 0.7, s[0]),
    ):  # fmt: skip
        symbolic, fixed = make(w), make(values.tolist())
        found = expectation(symbolic.scaled(3), values)
        torch.testing.assert_close(found, expectation(fixed.scaled(3), None), rtol=0, atol=1e-14)
    for channel in (Depolarizing(w[0]), BitFlip(w[0]), PauliChannel({"X": w[0]})):
        with pytest.raises(SymbolError, match="scaled"):
            channel.scaled(0.5)
