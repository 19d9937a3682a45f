"""Circuits of slots, each filled from the same list of gates, with angles that circuits share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from circuits.errors import CheckpointError
from optim.search.candidate import Candidate, Placed
from optim.search.choices import Choices, idle_qubits
from optim.search.simplification import is_redundant
from optim.search.task import Task

EMPTY = 0
"""The filling that leaves a slot empty; filling k is gate k - 1 of the choices."""


@final
class Supernet:
    """Angles by slot and gate: a gate starts where it ended in the last circuit with it there.

    Args:
        task: The run; candidates are tried through it.
        choices: Gates that may fill a slot.
        slots: Number of slots.
        first: Gates in front of all slots; their angles are shared by all circuits.
    """

    def __init__(self, task: Task, choices: Choices, slots: int, first: Candidate) -> None:
        self._task, self._first = task, first
        self._idle = idle_qubits(task.problem)
        self._gates = choices.gates
        self.angles = np.zeros((slots, len(self._gates) + 1))
        self.cnots = np.array([False, *(gate.name == "cx" for gate in self._gates)])

    @property
    def slots(self) -> int:
        """Number of slots."""
        return len(self.angles)

    @property
    def fillings(self) -> int:
        """Number of fillings of a slot."""
        return self.angles.shape[1]

    def energy(self, chosen: Sequence[int]) -> float:
        """Optimise the circuit of a filling per slot; its angles are kept.

        Gates that would merge with earlier ones or do nothing are left out.

        Args:
            chosen: `(slots,)`, a filling for each slot.
        """
        gates, turned = list(self._first.gates), []
        for slot, filling in enumerate(chosen):
            if filling == EMPTY:
                continue
            name, qubits, angle = self._gates[filling - 1]
            start = None if angle is None else float(self.angles[slot, filling])
            gate = Placed(name, qubits, start)
            if not is_redundant(gates, gate, idle=self._idle):
                gates.append(gate)
                turned += [] if angle is None else [(slot, filling)]
        found = self._task.optimize(Candidate(self._first.n_qubits, gates))
        before = self._first.rotations
        self._first = self._first.with_angles(found.candidate.angles[:before])
        for place, angle in zip(turned, found.candidate.angles[before:], strict=True):
            self.angles[place] = angle
        return found.energy

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {"angles": self.angles.tolist(), "first": self._first.to_json()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises:
            CheckpointError: If it is of other slots.
        """
        angles = np.array(state["angles"], dtype=np.float64)
        if angles.shape != self.angles.shape:
            raise CheckpointError(
                f"The checkpoint has slots and fillings {angles.shape}, expected "
                f"{self.angles.shape}."
            )
        self.angles, self._first = angles, Candidate.from_json(state["first"])
