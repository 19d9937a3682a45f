"""The torch engine: any device, differentiable to any order.

Derivatives come by backpropagation, or by an adjoint sweep whose memory does not grow with depth.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.gates.matrices import complex_dtype
from circuits.simulators import kernels
from circuits.simulators.blocks import Blocks
from circuits.simulators.memory import check_memory
from circuits.simulators.program import (
    MatrixStep,
    PauliRotationStep,
    PermutationStep,
    PhaseStep,
    PreparationStep,
    Program,
    Step,
    compile_circuit,
)

StateFunction = Callable[[Tensor], Tensor]


class TorchEngine:
    """Runs one circuit on batches of values.

    Shapes: inputs `(batch, n_inputs)`, weights `(1 or batch, n_weights)`, both of one real dtype.

    Args:
        circuit: A circuit without channels.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.program: Program = compile_circuit(circuit)
        self.blocks = Blocks(circuit, self.program)
        self._numbers = self.program.binding.numbers(circuit)
        self._held: dict[tuple[torch.dtype, torch.device, bool], tuple[Tensor, ...]] = {}

    def angles(self, inputs: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Shared angles `(n, 1 or batch)` and per-sample angles `(n, batch)`."""
        constants, coefficients, constants_x, coefficients_x = self._numbers_like(weights)
        binding = self.program.binding
        one = torch.ones(1, weights.shape[0], dtype=weights.dtype, device=weights.device)
        rows = torch.cat([one, weights.T])
        shared = binding.shared.evaluate(rows, constants, coefficients)
        if not len(binding.per_sample.slots):
            return shared, shared.new_zeros(0, inputs.shape[0])
        all_rows = torch.cat(
            [rows[:1].expand(1, inputs.shape[0]), inputs.T, weights.T.expand(-1, inputs.shape[0])]
        )
        return shared, binding.per_sample.evaluate(all_rows, constants_x, coefficients_x)

    def _numbers_like(self, values: Tensor) -> list[Tensor]:
        # Not kept: a tensor made inside a torch.func transform must not outlive it.
        return [torch.as_tensor(n, dtype=values.dtype, device=values.device) for n in self._numbers]

    def state(self, inputs: Tensor, weights: Tensor, *, phase: bool = True) -> Tensor:
        """The final state `(2**n, batch)`, by differentiable torch operations.

        Args:
            inputs: `(batch, n_inputs)`.
            weights: `(1 or batch, n_weights)`.
            phase: Whether to include the global phase.
        """
        return self._run(self._operands(inputs, weights), inputs, phase)

    def start(self, inputs: Tensor, weights: Tensor) -> Tensor:
        """The state after all preparations, which nothing precedes: `(1 or batch, 2**n)`."""
        n = self.program.n_qubits
        amplitudes = self.blocks.amplitudes(*self.angles(inputs, weights), inputs.shape[0])
        state = kernels.zero_state(n, 1, complex_dtype(inputs.dtype), inputs.device)
        for position, prepared in amplitudes.items():
            step = self.program.steps[position]
            assert isinstance(step, PreparationStep)
            state = kernels.prepare(prepared, step.qubits, n, state)
        return state.T

    def _operands(self, inputs: Tensor, weights: Tensor) -> dict[int, Tensor]:
        return self.blocks.operands(*self.angles(inputs, weights), inputs.shape[0])

    def _run(self, operands: dict[int, Tensor], inputs: Tensor, phase: bool) -> Tensor:
        n, dtype = self.program.n_qubits, complex_dtype(inputs.dtype)
        if not torch.compiler.is_compiling():
            check_memory(n, inputs.shape[0], inputs.dtype)
        state = kernels.zero_state(n, inputs.shape[0], dtype, inputs.device)
        for position, step in enumerate(self.program.steps):
            if phase or not isinstance(step, PhaseStep):
                state = _apply(step, operands.get(position), state, n)
        return state

    def adjoint(
        self, inputs: Tensor, weights: Tensor, cotangent: StateFunction
    ) -> tuple[Tensor, Tensor]:
        """Vector-Jacobian product by one backward sweep over the steps.

        The sweep keeps the state and its cotangent and undoes one step at a time on both, so
        memory is a constant number of states (Jones and Gacon, arXiv 2009.02823).

        Args:
            inputs: `(batch, n_inputs)`.
            weights: `(1 or batch, n_weights)`.
            cotangent: From the final state `(2**n, batch)` to the gradient of the (real) loss with
                respect to it, in torch's convention.

        Returns:
            Gradients with respect to inputs and weights, of their shapes.
        """
        leaves = inputs.detach().requires_grad_(), weights.detach().requires_grad_()
        with torch.enable_grad():
            operands = self._operands(*leaves)
        frozen = {s: operand.detach() for s, operand in operands.items()}
        with torch.no_grad():
            state = self._run(frozen, inputs, phase=False)
            found = self._sweep(state, cotangent(state), frozen, operands)
        outputs, gradients = [o for o, _ in found], [g for _, g in found]
        if not outputs:
            return torch.zeros_like(inputs), torch.zeros_like(weights)
        grads = torch.autograd.grad(outputs, leaves, gradients, materialize_grads=True)
        return grads[0], grads[1]

    def _sweep(
        self,
        state: Tensor,
        costate: Tensor,
        frozen: dict[int, Tensor],
        operands: dict[int, Tensor],
    ) -> list[tuple[Tensor, Tensor]]:
        """Pairs of an operand and the gradient of the loss with respect to it."""
        found: list[tuple[Tensor, Tensor]] = []
        for position, step in reversed(list(enumerate(self.program.steps))):
            if isinstance(step, PhaseStep):
                continue
            operand, fixed = operands.get(position), frozen.get(position)
            wanted = operand is not None and operand.requires_grad
            state, costate, gradient = _undo(
                step, fixed, state, costate, self.program.n_qubits, wanted
            )
            if wanted and operand is not None and gradient is not None:
                found.append((operand, gradient))
        return found


def _apply(step: Step, operand: Tensor | None, state: Tensor, n: int) -> Tensor:
    if isinstance(step, PermutationStep):
        return state.index_select(0, torch.as_tensor(step.index, device=state.device))
    assert operand is not None
    if isinstance(step, MatrixStep):
        return kernels.apply_matrix(state, operand, step.targets, step.controls, n)
    if isinstance(step, PauliRotationStep):
        return kernels.pauli_rotation(state, operand, step.x_mask, step.z_mask, n)
    if isinstance(step, PreparationStep):
        return kernels.prepare(operand, step.qubits, n, state)
    return state * torch.complex(torch.cos(operand), torch.sin(operand))


def _undo(
    step: Step, operand: Tensor | None, state: Tensor, costate: Tensor, n: int, wanted: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """State and costate before the step, and the gradient of its operand if wanted."""
    if isinstance(step, PermutationStep):
        index = torch.as_tensor(step.inverse, device=state.device)
        return state.index_select(0, index), costate.index_select(0, index), None
    assert operand is not None
    gradient: Tensor | None = None
    if isinstance(step, PauliRotationStep):
        if wanted:
            turned = kernels.apply_pauli(state, step.x_mask, step.z_mask, n)
            slope = (costate.conj() * turned).imag.sum(0) / 2
            gradient = slope.sum(0, keepdim=True) if len(operand) == 1 else slope
        undo = (-operand, step.x_mask, step.z_mask, n)
        return (
            kernels.pauli_rotation(state, *undo),
            kernels.pauli_rotation(costate, *undo),
            gradient,
        )
    if isinstance(step, PreparationStep):
        state, costate, gradient = _unprepare(state, costate, operand, step.qubits, n)
        if operand.shape[-1] == 1:
            gradient = gradient.sum(-1, keepdim=True)
        return state, costate, gradient
    assert isinstance(step, MatrixStep)
    where = (step.targets, step.controls, n)
    dagger = operand.transpose(0, 1).conj()
    state = kernels.apply_matrix(state, dagger, *where)
    if wanted:
        per_sample = operand.shape[-1] != 1
        gradient = kernels.overlap_matrix(costate, state, *where, per_sample=per_sample)
    return state, kernels.apply_matrix(costate, dagger, *where), gradient


def _unprepare(
    state: Tensor, costate: Tensor, amplitudes: Tensor, qubits: tuple[int, ...], n_qubits: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Undo a preparation on state and costate; gradient `(2**k, batch)` of the amplitudes."""
    parts = kernels.prepared_part(state, qubits, n_qubits)
    coparts = kernels.prepared_part(costate, qubits, n_qubits)
    bra = amplitudes.conj()[:, None]
    before, cobefore = (bra * parts).sum(0), (bra * coparts).sum(0)
    gradient = (coparts * before.conj()).sum(1)
    return (
        _embed_zero(before, qubits, n_qubits),
        _embed_zero(cobefore, qubits, n_qubits),
        gradient,
    )


def _embed_zero(rest: Tensor, qubits: tuple[int, ...], n_qubits: int) -> Tensor:
    """The full state `(2**n, batch)` whose listed qubits are |0...0>."""
    shape, axes = kernels.split(n_qubits, qubits)
    where = [1 if i in axes.values() else extent for i, extent in enumerate(shape)]
    view = rest.reshape(*where, rest.shape[-1])
    for q in qubits:
        view = torch.cat([view, torch.zeros_like(view)], dim=axes[q])
    return view.reshape(-1, rest.shape[-1])
