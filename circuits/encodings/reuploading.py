"""Data re-uploading: the same inputs again in every layer, fresh weights in each."""

from __future__ import annotations

import numpy as np

from circuits.arguments import integer
from circuits.circuit import Circuit
from circuits.errors import QubitError, SymbolError
from circuits.symbols import Angle, Group, weights


def repeat(circuit: Circuit, layers: int) -> Circuit:
    """The circuit `layers` times in a row, with fresh weights each time and shared inputs.

    A group of weights of shape s becomes one of shape `(layers, *s)` and keeps its name.

    Args:
        circuit: One layer.
        layers: Number L of layers.

    >>> from circuits import ansatz
    >>> repeat(ansatz.hardware_efficient(2, 1, final_rotations=False), 3).parameters[0].shape
    (3, 1, 2, 2)
    """
    count = integer(layers, "layers")
    stacks = _stacked(circuit, count)
    result = Circuit(circuit.n_qubits)
    for layer in range(count):
        result = result + _with_weights(circuit, stacks, layer)
    return result


def reuploading(
    encoding: Circuit, block: Circuit, layers: int, *, initial_block: bool = False
) -> Circuit:
    """W_L S(x) ... W_2 S(x) W_1 S(x): the encoding S before each of L trainable blocks W.

    Each block gets weights of its own, and so does each encoding if it has weights (trainable
    frequencies such as `w[0] * x[0]`); inputs are the same in all layers.

    Args:
        encoding: Circuit S with the inputs.
        block: Circuit W with weights, on as many qubits.
        layers: Number L of layers.
        initial_block: Whether one more block W_0 precedes the first encoding, which makes the
            model a full Fourier series in x.

    Returns:
        Circuit in which a group of weights of shape s becomes `(L, *s)`; with `initial_block`
        those of the block become `(L + 1, *s)`.

    Raises:
        KetworkError: If the numbers of qubits differ, `block` has no weights, or encoding and
            block share weights.

    References:
        Perez-Salinas et al., Quantum 4, 226 (2020), arXiv:1907.02085.
        Schuld, Sweke and Meyer, Phys. Rev. A 103, 032430 (2021), arXiv:2008.08605.

    >>> from circuits import ansatz, encodings
    >>> block = ansatz.hardware_efficient(2, 1, final_rotations=False)
    >>> encodings.reuploading(encodings.angle(2), block, layers=3)
    Circuit(2 qubits, 21 ops, input x[2], weight weight[3, 1, 2, 2])
    """
    count = integer(layers, "layers")
    if encoding.n_qubits != block.n_qubits:
        raise QubitError(
            f"Arguments `encoding` and `block` must have as many qubits, got {encoding.n_qubits} "
            f"and {block.n_qubits}."
        )
    if not encoding.input_groups:
        raise SymbolError("Argument `encoding` has no inputs: there is nothing to upload again.")
    if not block.weight_groups:
        raise SymbolError("Argument `block` has no weights: there is nothing to train.")
    shared = {g.name for g in encoding.weight_groups} & {g.name for g in block.weight_groups}
    if shared:
        raise SymbolError(
            f"Arguments `encoding` and `block` both have weights called "
            f"{', '.join(map(repr, sorted(shared)))}. Give them different names."
        )
    extra = bool(initial_block)
    scales = _stacked(encoding, count)
    stacks = _stacked(block, count + extra)
    result = _with_weights(block, stacks, 0) if extra else Circuit(block.n_qubits)
    for layer in range(count):
        result = result + _with_weights(encoding, scales, layer)
        result = result + _with_weights(block, stacks, layer + extra)
    return result


Stacks = dict[Group, np.ndarray]


def _stacked(circuit: Circuit, layers: int) -> Stacks:
    """For each group of weights, fresh symbols `(layers, size of the group)`."""
    return {
        group: weights(layers, *group.shape, name=group.name).reshape(layers, group.size)
        for group in circuit.weight_groups
    }


def _with_weights(circuit: Circuit, stacks: Stacks, layer: int) -> Circuit:
    """The circuit with its weights replaced by those of one layer."""

    def renamed(angle: Angle) -> Angle:
        result = Angle(angle.constant)
        for coefficient, product in angle.terms:
            term = Angle(coefficient)
            for symbol in product:
                fresh = stacks.get(symbol.group)
                own = Angle(0.0, ((1.0, (symbol,)),))
                term = term * (own if fresh is None else fresh[layer, symbol.index])
            result = result + term
        return result

    return circuit.map_angles(renamed)
