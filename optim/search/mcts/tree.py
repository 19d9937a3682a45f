"""The tree: its nodes are beginnings of circuits, its edges fill the next few slots at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

Fillings = tuple[int, ...]


@dataclass
class Node:
    """A beginning of circuits.

    Attributes:
        visits: Circuits tried with this beginning.
        total: Sum of their rewards.
        children: Longer beginnings that were tried, by the fillings that they add.
    """

    visits: int = 0
    total: float = 0.0
    children: dict[Fillings, Node] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean reward."""
        return self.total / max(1, self.visits)


@final
class Tree:
    """Beginnings of circuits that were tried, and their rewards.

    Args:
        level: Number of slots that an edge fills.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self.root = Node()

    def select(self, node: Node, exploration: float, span: float) -> Fillings:
        """The known edge of a node with the largest upper confidence bound."""

        def bound(child: Node) -> float:
            return child.mean + exploration * span * math.sqrt(
                math.log(max(1, node.visits)) / max(1, child.visits)
            )

        return max(node.children, key=lambda edge: (bound(node.children[edge]), edge))

    def best(self, node: Node) -> Fillings:
        """The known edge of a node with the largest mean reward."""
        return max(node.children, key=lambda edge: (node.children[edge].mean, edge))

    def add(self, chosen: Fillings, reward: float) -> None:
        """Take the reward of a whole circuit into account, at each of its beginnings."""
        node = self.root
        node.visits, node.total = node.visits + 1, node.total + reward
        for start in range(0, len(chosen), self.level):
            edge = chosen[start : start + self.level]
            node = node.children.setdefault(edge, Node())
            node.visits, node.total = node.visits + 1, node.total + reward

    def at(self, beginning: Fillings) -> Node | None:
        """The node of a beginning, if it was tried."""
        node: Node | None = self.root
        for start in range(0, len(beginning), self.level):
            if node is None:
                return None
            node = node.children.get(beginning[start : start + self.level])
        return node

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return _as_dict(self.root)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.root = _from_dict(state)


def _as_dict(node: Node) -> dict[str, Any]:
    children = [(list(edge), _as_dict(child)) for edge, child in node.children.items()]
    return {"visits": node.visits, "total": node.total, "children": children}


def _from_dict(state: Mapping[str, Any]) -> Node:
    children = {tuple(edge): _from_dict(child) for edge, child in state["children"]}
    return Node(state["visits"], state["total"], children)
