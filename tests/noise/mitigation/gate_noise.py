"""A noisy backend small enough to be checked by eye: density matrices, ops behind each gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from circuits import Backend, Circuit, DensityMatrix, Op, Request, Result
from circuits.errors import UnsupportedOperationError

Rule = Callable[[Op], list[Op]]
BASIS = ("rz", "sx", "x", "cx", "id", "delay", "barrier")


class GateNoise(Backend):
    """Runs circuits on density matrices with further ops behind the gates that have a rule.

    Args:
        rules: From the name of a gate to the function that gives what follows it.
        basis: Names of native gates; others are refused by `lower`. `None` takes all.
    """

    differentiable = True

    def __init__(self, rules: Mapping[str, Rule], basis: tuple[str, ...] | None = None) -> None:
        self.rules = dict(rules)
        self.basis = basis
        self.ran: list[Circuit] = []

    def lower(self, request: Request) -> Request:
        for op in request.circuit.ops:
            if self.basis is not None and op.name not in self.basis and not op.is_channel:
                raise UnsupportedOperationError(f"`{op.name}` is not native.")
        return request

    def channels_for(self, op: Op) -> tuple[Op, ...]:
        """What follows an op."""
        rule = self.rules.get(op.name)
        return () if rule is None else tuple(rule(op))

    def run(self, requests: Sequence[Request]) -> list[Result]:
        lowered = [self.lower(request) for request in requests]
        self.ran.extend(request.circuit for request in lowered)
        noisy = [request.with_circuit(self.noisy(request.circuit)) for request in lowered]
        return DensityMatrix("torch").run(noisy)

    def noisy(self, circuit: Circuit) -> Circuit:
        """The circuit with all that follows its gates."""
        ops = [part for op in circuit.ops for part in (op, *self.channels_for(op))]
        return Circuit(circuit.n_qubits, ops)
