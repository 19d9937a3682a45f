"""Quantum-aware optimizers, problems to minimize, and architecture search.

`optim.problems` holds what is minimized, `optim.minimize` is the common entry of all optimizers,
`optim.optimizers` the optimizers as `torch.optim.Optimizer`s, `optim.search` the searches.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optim.minimization import Minimum as Minimum
    from optim.minimization import minimize as minimize

__ketwork__ = True

_LAZY = {"Minimum": "optim.minimization", "minimize": "optim.minimization"}
"""Where names live that `import optim` does not load."""


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'optim' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
