"""Small layers of every kind."""

from __future__ import annotations

from typing import Any

from qml.models.qkan import QKANLayer

KINDS: dict[str, dict[str, Any]] = {
    "fixed": {},
    "trainable": {"preact_trainable": True},
    "fast": {
        "preact_trainable": True,
        "fast_measure": True,
        "postact_weight_trainable": True,
        "postact_bias_trainable": True,
    },
    "shared": {"group": 2},
    "shared-trainable": {"group": 2, "preact_trainable": True},
}


def layer(name: str = "pz", sizes: tuple[int, int] = (3, 2), **options: Any) -> QKANLayer:
    """A layer with two repetitions."""
    return QKANLayer(*sizes, **{"reps": 2, "ansatz": name, "generator": 4, **options})
