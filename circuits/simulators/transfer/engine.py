"""The torch engine of Pauli vectors: any device, differentiable to any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.simulators.program import PreparationStep
from circuits.simulators.transfer import vectors
from circuits.simulators.transfer.memory import check_vectors
from circuits.simulators.transfer.operands import Operands
from circuits.simulators.transfer.program import RotationStep, TransferProgram, compile_transfer

_AT_ONCE = 4  # vectors per sample alive during a run


class TransferEngine:
    """Runs one circuit on batches of values, as a real vector of 4**n entries per sample.

    Shapes: inputs `(batch, n_inputs)`, weights `(1 or batch, n_weights)`, both of one real dtype.

    Args:
        circuit: A circuit, with or without channels.
        readout: For a qubit the transfer matrix `(4, 4)` that is applied to it in the end; it need
            not be that of a channel.
    """

    def __init__(self, circuit: Circuit, readout: Mapping[int, np.ndarray] | None = None) -> None:
        self.circuit = circuit
        self.n_qubits = circuit.n_qubits
        self.readout = dict(readout or {})

    # The compiled kernels need none of these for most circuits, so they are made at first use.

    @cached_property
    def program(self) -> TransferProgram:
        """The compiled program of the circuit's structure."""
        return compile_transfer(self.circuit)

    @cached_property
    def operands(self) -> Operands:
        """What computes the operands of the program's steps."""
        return Operands(self.circuit, self.program)

    @cached_property
    def _numbers(self) -> tuple[np.ndarray, ...]:
        return self.program.binding.numbers(self.circuit)

    def angles(self, inputs: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Shared angles `(n, 1 or batch)` and per-sample angles `(n, batch)`."""
        numbers = [
            torch.as_tensor(n, dtype=inputs.dtype, device=inputs.device) for n in self._numbers
        ]
        binding, batch = self.program.binding, inputs.shape[0]
        one = inputs.new_ones(1, weights.shape[0])
        shared = binding.shared.evaluate(torch.cat([one, weights.T]), *numbers[:2])
        rows = [inputs.new_ones(1, batch), inputs.T, weights.T.expand(-1, batch)]
        return shared, binding.per_sample.evaluate(torch.cat(rows), *numbers[2:])

    def state(self, inputs: Tensor, weights: Tensor, *, phase: bool = False) -> Tensor:
        """The final Pauli vector `(4**n, batch)`, readout included; there is no global phase."""
        n, batch = self.n_qubits, inputs.shape[0]
        if not torch.compiler.is_compiling():
            check_vectors(n, _AT_ONCE * max(batch, 1), inputs.dtype)
        operands = self.operands.evaluate(*self.angles(inputs, weights))
        vector = vectors.zero_vector(n, batch, inputs.dtype, inputs.device)
        for step, operand in zip(self.program.steps, operands, strict=True):
            if isinstance(step, RotationStep):
                vector = vectors.rotate(vector, operand, step.pauli, n)
            elif isinstance(step, PreparationStep):
                vector = vectors.prepare_pure(operand, step.qubits, n, vector)
            else:
                vector = vectors.apply_transfer(vector, operand, step.qubits, n)
        for qubit, matrix in self.readout.items():
            fixed = torch.as_tensor(matrix, dtype=inputs.dtype, device=inputs.device)
            vector = vectors.apply_transfer(vector, fixed[..., None], (qubit,), n)
        return vector

    def matrices(self, positions: Sequence[int], inputs: Tensor, weights: Tensor) -> list[Tensor]:
        """Transfer matrices `(4**k, 4**k, 1 or batch)` of the ops at some positions."""
        found = self.operands.matrices(*self.angles(inputs, weights), set(positions))
        return [found[position] for position in positions]

    def start(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """The vector after all preparations, which nothing precedes: `(1 or batch, 4**n)`."""
        prepared = self.operands.preparations(*self.angles(inputs, weights))
        vector = vectors.zero_vector(self.n_qubits, 1, inputs.dtype, inputs.device)
        for step, amplitudes in prepared:
            vector = vectors.prepare_pure(amplitudes, step.qubits, self.n_qubits, vector)
        return vector.T

    def adjoint(
        self, inputs: Tensor, weights: Tensor, cotangent: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Gradients of inputs and weights, by backpropagation.

        Args:
            inputs: `(batch, n_inputs)`.
            weights: `(1 or batch, n_weights)`.
            cotangent: From the final vector `(4**n, batch)` to the gradient with respect to it.
        """
        leaves = inputs.detach().requires_grad_(), weights.detach().requires_grad_()
        with torch.enable_grad():
            vector = self.state(*leaves)
        by_vector = cotangent(vector.detach())
        if not vector.requires_grad:
            return torch.zeros_like(inputs), torch.zeros_like(weights)
        found = torch.autograd.grad(vector, leaves, by_vector, materialize_grads=True)
        return found[0], found[1]
