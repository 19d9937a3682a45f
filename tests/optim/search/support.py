"""A small search method and a small problem for tests of what all searches share."""

from __future__ import annotations

from typing import Any, ClassVar, final

from circuits import PauliSum
from optim.problems import Problem
from optim.search import Candidate, Search, Steps, Task

FIELD = Problem("field", PauliSum({"ZZI": 0.5, "IXX": -0.7, "YIY": 0.3, "IIX": 0.2, "III": 0.1}))
"""Three qubits; every interaction is needed."""


@final
class Guesses(Search):
    """Random circuits of a few gates."""

    method: ClassVar[str] = "guesses"

    def __init__(self, gates: int = 6) -> None:
        self.gates = gates

    def options(self) -> dict[str, Any]:
        return {"gates": self.gates}

    def start(self, task: Task) -> Steps:
        return _Guessing(task, self.gates)


@final
class _Guessing(Steps):
    def __init__(self, task: Task, gates: int) -> None:
        super().__init__(task)
        self.gates, self.count = gates, 0

    def step(self) -> None:
        rng, n = self.task.rng, self.task.problem.n_qubits
        candidate = Candidate(n)
        for _ in range(self.gates):
            if rng.random() < 0.5:
                a, b = rng.choice(n, 2, replace=False).tolist()
                candidate = candidate.append("cx", a, b)
            else:
                axis = ("rx", "ry", "rz")[rng.integers(3)]
                candidate = candidate.append(axis, int(rng.integers(n)), angle=rng.normal())
        self.count += 1
        self.task.facts = {"guess": self.count}
        self.task.optimize(candidate)
        if self.count % 10 == 0:
            self.task.log("tens", count=self.count)

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state_dict(self, state: Any) -> None:
        self.count = state["count"]
