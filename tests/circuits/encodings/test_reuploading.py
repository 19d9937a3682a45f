from __future__ import annotations

import numpy as np
import pytest
import torch

from circuits import Circuit, ansatz, encodings, errors, inputs, weights
from circuits import gates as g


def block(n: int = 2, name: str = "weight") -> Circuit:
    return ansatz.hardware_efficient(n, 1, final_rotations=False, name=name)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("initial", [False, True])
def test_equals_layers_put_together_by_hand(initial):
    circuit = encodings.reuploading(encodings.angle(2), block(), 3, initial_block=initial)
    w = random(3 + initial, 1, 2, 2)
    by_hand = block().bind(w=w[0]) if initial else Circuit(2)
    for layer in range(3):
        by_hand += encodings.angle(2)
        by_hand += block().bind(w=w[layer + initial])
    x = random(2, seed=1)
    torch.testing.assert_close(circuit.statevector(x, w), by_hand.statevector(x))


def test_trainable_frequencies_are_fresh_in_every_layer():
    scale, x = weights(2, name="scale"), inputs(2)
    encoding = Circuit(2, [g.rx(scale[q] * x[q] + 0.5, q) for q in range(2)])
    circuit = encodings.reuploading(encoding, block(), 4, initial_block=True)
    assert {group.name: group.shape for group in circuit.weight_groups} == {
        "weight": (5, 1, 2, 2),
        "scale": (4, 2),
    }
    assert circuit.n_inputs == 2
    third = [op for op in circuit.ops if op.name == "rx"][4]
    assert str(third.angles[0]) == "x[0]*scale[2, 0] + 0.5"


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_one_qubit_model_is_a_fourier_series_of_degree_layers(layers):
    """Schuld, Sweke and Meyer: L encodings by RX give frequencies 0, ..., L and no others."""
    circuit = encodings.reuploading(
        encodings.angle(1, rotation="rx"), block(1), layers, initial_block=True
    )
    x = torch.arange(16, dtype=torch.float64)[:, None] * (2 * np.pi / 16)
    values = circuit.expectation("Z0", x, 3 * random(layers + 1, 1, 2, 1))[:, 0]
    amplitudes = np.abs(np.fft.rfft(values.numpy())) / 16
    assert np.all(amplitudes[layers + 1 :] < 1e-14)
    assert amplitudes[layers] > 1e-4


def test_repeat_stacks_weights_and_shares_inputs():
    circuit = encodings.repeat(encodings.angle(2) + block(), 2)
    assert [(p.name, p.shape) for p in circuit.parameters] == [
        ("x", (2,)),
        ("weight", (2, 1, 2, 2)),
    ]
    assert len(circuit) == 2 * len(encodings.angle(2) + block())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((encodings.angle(3), block(2), 1), errors.QubitError, "got 3 and 2"),
        ((encodings.angle(2), encodings.angle(2), 1), errors.SymbolError, "nothing to train"),
        ((block(2), block(2), 1), errors.SymbolError, "no inputs"),
        ((encodings.angle(2) + block(), block(), 1), errors.SymbolError, "different names"),
        ((encodings.angle(2), block(2), 0), errors.InvalidArgumentError, "layers"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        encodings.reuploading(*arguments)
