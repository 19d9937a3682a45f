"""Random search: what any cleverer method has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from circuits.arguments import integer, one_of
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.choices import Choices, idle_qubits
from optim.search.simplification import is_redundant
from optim.search.starts import as_option, checked_start
from optim.search.task import Task


@final
class RandomSearch(Search):
    """Random gates, all angles optimised.

    With `per="gate"` a circuit grows by one random gate at a time up to `max_gates`, then a new
    one begins: what an agent does that chooses its actions at random. Every prefix is a candidate,
    and its angles are where the next one starts. With `per="circuit"` every candidate is a new
    circuit of 1 to `max_gates` random gates with random angles. A gate that would merge with an
    earlier one, cancel it, or do nothing is not drawn.

    Args:
        max_gates: Most gates of a circuit.
        per: What a candidate is, `"gate"` or `"circuit"`.
        axes: Rotations to use.
        initial: Gates that every circuit starts with; their angles are optimised too.
    """

    method: ClassVar[str] = "random"

    def __init__(
        self,
        max_gates: int = 40,
        *,
        per: str = "gate",
        axes: Sequence[str] | str = ("rx", "ry", "rz"),
        initial: Candidate | None = None,
    ) -> None:
        self.max_gates = integer(max_gates, "max_gates")
        self.per = one_of(per, ("gate", "circuit"), "per")
        self.axes = tuple([axes] if isinstance(axes, str) else axes)
        self.initial = initial

    def options(self) -> dict[str, Any]:
        return {
            "max_gates": self.max_gates,
            "per": self.per,
            "axes": list(self.axes),
            "initial": as_option(self.initial),
        }

    def start(self, task: Task) -> Steps:
        return _RandomSteps(task, self)


@final
class _RandomSteps(Steps):
    def __init__(self, task: Task, search: RandomSearch) -> None:
        super().__init__(task)
        self._search = search
        self._choices = Choices.of(task.problem, search.axes)
        self._idle = idle_qubits(task.problem)
        self._first = checked_start(search.initial, task.problem, self._choices)
        self._current = self._first

    def step(self) -> None:
        search, rng = self._search, self.task.rng
        most = len(self._first) + search.max_gates
        if search.per == "circuit":
            self._current = self._first
            for _ in range(1 + int(rng.integers(search.max_gates))):
                self._current = self._longer(self._current, 2 * np.pi * float(rng.random()))
        else:
            if len(self._current) >= most:
                self._current = self._first
            self._current = self._longer(self._current, 0.0)
        self._current = self.task.optimize(self._current).candidate

    def _longer(self, candidate: Candidate, angle: float) -> Candidate:
        """With one more random gate, one that is not undone by simplifying."""
        before, choices = candidate.gates, self._choices.gates
        for place in self.task.rng.permutation(len(choices)).tolist():
            name, qubits, turned = choices[place]
            if not is_redundant(before, choices[place], idle=self._idle):
                return candidate.append(name, *qubits, angle=None if turned is None else angle)
        return candidate  # nothing but what simplifies away: cannot grow

    def state_dict(self) -> dict[str, Any]:
        return {"current": self._current.to_json()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._current = Candidate.from_json(state["current"])
