"""`NestedMCTS`: tree search that commits to a few slots at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError
from optim.search.base import Search, Steps
from optim.search.candidate import Candidate
from optim.search.choices import Choices
from optim.search.mcts.arms import Arms
from optim.search.mcts.tree import Fillings, Tree
from optim.search.starts import as_option, checked_start
from optim.search.supernet import EMPTY, Supernet
from optim.search.task import Task


@final
class NestedMCTS(Search):
    """Nested Monte Carlo tree search over circuits of slots, with shared angles.

    A circuit has `slots` slots; each holds one of the allowed gates or none, and at most half of
    them a CNOT. A step goes down a tree whose edges fill `level` slots at a time: along the known
    edge of largest upper confidence bound, or, more often early on, along a new one whose slots
    are filled one by one, each as if its reward did not depend on the others. Beyond the tree the
    remaining slots are filled in the same way. The circuit's angles start where the same gates in
    the same slots ended before, are optimised, and minus its energy is the reward of all
    beginnings on the way. After `rounds` steps the search commits to the best edge and goes on
    below it; after the last level it begins anew, knowing what each filling was worth.

    Args:
        slots: Number of slots.
        level: Slots that an edge of the tree fills.
        rounds: Steps before the next `level` slots are committed to.
        exploration: Weight of what is not known, in units of the spread of rewards.
        decay: Factor by which exploration falls after every commitment.
        keep: Share of the fillings of a slot that are still drawn once all were tried.
        axes: Rotations to use.
        initial: Gates that every circuit starts with; their angles are optimised too.

    References:
        Wang et al., arXiv:2207.00132 (their settings for 4-qubit H2: 28 slots, exploration 2,
        decay 0.99, a share of 0.8 kept).
    """

    method: ClassVar[str] = "mcts"

    def __init__(
        self,
        slots: int = 24,
        *,
        level: int = 4,
        rounds: int = 20,
        exploration: float = 0.3,
        decay: float = 0.99,
        keep: float = 0.8,
        axes: Sequence[str] | str = ("rx", "ry", "rz"),
        initial: Candidate | None = None,
    ) -> None:
        self.slots, self.level = integer(slots, "slots"), integer(level, "level")
        self.rounds = integer(rounds, "rounds")
        self.exploration = number(exploration, "exploration")
        self.decay, self.keep = number(decay, "decay"), number(keep, "keep")
        if self.exploration < 0 or not 0 < self.decay <= 1 or not 0 < self.keep <= 1:
            raise InvalidArgumentError(
                "Arguments must satisfy exploration >= 0, 0 < decay <= 1 and 0 < keep <= 1, got "
                f"exploration={exploration}, decay={decay} and keep={keep}."
            )
        self.axes = tuple([axes] if isinstance(axes, str) else axes)
        self.initial = initial

    def options(self) -> dict[str, Any]:
        names = ("slots", "level", "rounds", "exploration", "decay", "keep")
        settings = {name: getattr(self, name) for name in names}
        return {**settings, "axes": list(self.axes), "initial": as_option(self.initial)}

    def start(self, task: Task) -> Steps:
        return _TreeSteps(task, self)


@final
class _TreeSteps(Steps):
    def __init__(self, task: Task, search: NestedMCTS) -> None:
        super().__init__(task)
        choices = Choices.of(task.problem, search.axes)
        first = checked_start(search.initial, task.problem, choices)
        self._search = search
        self._net = Supernet(task, choices, search.slots, first)
        self._arms = Arms(search.slots, self._net.fillings)
        self._tree = Tree(search.level)
        self._committed: Fillings = ()
        self._steps = 0  # since the last commitment
        self._exploration = search.exploration
        self._lowest, self._highest = math.inf, -math.inf  # energies so far

    def step(self) -> None:
        chosen = self._choose()
        energy = self._net.energy(chosen)
        self._lowest, self._highest = min(self._lowest, energy), max(self._highest, energy)
        self._tree.add(chosen, -energy)
        self._arms.add(chosen, -energy)
        self._steps += 1
        self.task.facts.update(level=len(self._committed) // self._search.level)
        if self._steps == self._search.rounds:
            self._commit()

    def _commit(self) -> None:
        """Go on below the best edge; after the last level, from a new root."""
        node = self._tree.at(self._committed)
        assert node is not None
        self._committed += self._tree.best(node)
        self._steps, self._exploration = 0, self._exploration * self._search.decay
        if len(self._committed) >= self._search.slots:
            self._tree, self._committed = Tree(self._search.level), ()

    def _choose(self) -> Fillings:
        """A filling for every slot: down the tree, then slot by slot."""
        search, chosen = self._search, self._committed
        while len(chosen) < search.slots:
            node = self._tree.at(chosen)
            known = 0 if node is None else len(node.children)
            # New edges as the root of the number of visits: wide at first, then deep.
            if node is None or known < 1 + math.isqrt(node.visits):
                chosen += self._new(chosen, min(search.level, search.slots - len(chosen)))
            else:
                chosen += self._tree.select(node, self._exploration, self._span)
        return chosen

    def _new(self, chosen: Fillings, count: int) -> Fillings:
        """Fillings of the next slots, each judged on its own; ties are broken at random."""
        added: Fillings = ()
        rng, net = self.task.rng, self._net
        cnots = sum(bool(net.cnots[filling]) for filling in chosen)
        for slot in range(len(chosen), len(chosen) + count):
            scores = self._arms.scores(slot, self._exploration, self._span)
            drawn = [
                filling
                for filling in self._arms.pruned(slot, self._search.keep).tolist()
                if not net.cnots[filling] or cnots < self._search.slots // 2
            ] or [EMPTY]
            best = max(scores[filling] for filling in drawn)
            ties = [filling for filling in drawn if scores[filling] == best]
            filling = ties[int(rng.integers(len(ties)))]
            cnots += bool(net.cnots[filling])
            added += (filling,)
        return added

    @property
    def _span(self) -> float:
        return max(0.0, self._highest - self._lowest) if self._highest > -math.inf else 1.0

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self._net.state_dict(),
            "arms": self._arms.state_dict(),
            "tree": self._tree.state_dict(),
            "committed": list(self._committed),
            "numbers": [self._steps, self._exploration, self._lowest, self._highest],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._net.load_state_dict(state["net"])
        self._arms.load_state_dict(state["arms"])
        self._tree = Tree(self._search.level)
        self._tree.load_state_dict(state["tree"])
        self._committed = tuple(state["committed"])
        self._steps, self._exploration, self._lowest, self._highest = state["numbers"]
