"""Values and gradients of layers by the authors' package `qkan`, and the file of frozen ones.

`python -m tests.support.qkan_reference FILE` writes the file, in an environment that has `qkan`;
the one in the tests was written with qkan 0.2.3 (solver "exact", complex128 and float64). The
package computes the ansatz `real` in bfloat16 unless its `c_dtype` is set afterwards, as here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

CASES: dict[str, dict[str, Any]] = {
    **{
        f"{name}-{kind}": {"ansatz": name, "preact_trainable": kind == "trainable"}
        for name in ("pz", "rpz", "real", "mix")
        for kind in ("fixed", "trainable")
    },
    "px-trainable": {"ansatz": "px", "preact_trainable": True},
    **{
        f"{name}-fast": {"ansatz": name, "preact_trainable": True, "fast_measure": True}
        for name in ("pz", "rpz", "px", "real", "mix")
    },
    "pz-scaled": {
        "ansatz": "pz",
        "preact_trainable": True,
        "postact_weight_trainable": True,
        "postact_bias_trainable": True,
    },
    "pz-scaled-fixed": {
        "ansatz": "pz",
        "postact_weight_trainable": True,
        "postact_bias_trainable": True,
        "ba_trainable": False,
    },
    "pz-group": {"ansatz": "pz", "group": 2, "postact_weight_trainable": True},
    "pz-group-trainable": {"ansatz": "pz", "group": 2, "preact_trainable": True},
}
SIZES = {"in": 3, "out": 2, "reps": 3, "batch": 4}


def numbers(*shape: int, start: float) -> Tensor:
    """Numbers of order one that need no generator."""
    count = torch.Size(shape).numel()
    return torch.sin(1.7 * torch.arange(count, dtype=torch.float64) + start).reshape(shape)


def reference(options: dict[str, Any]) -> dict[str, Any]:
    """Parameters, outputs, and gradients of sum(outputs * numbers) of the package's layer."""
    import qkan

    given = {"fast_measure": False, **options}
    layer = qkan.QKANLayer(
        SIZES["in"],
        SIZES["out"],
        reps=SIZES["reps"],
        solver="exact",
        c_dtype=torch.complex128,
        p_dtype=torch.float64,
        **given,
    )
    layer.c_dtype = torch.complex128
    with torch.no_grad():
        for k, (name, parameter) in enumerate(layer.named_parameters()):
            if parameter.requires_grad:
                small = name.startswith("preacts")  # keeps |w x + b| <= 1 for px
                parameter.copy_((0.3 if small else 1.0) * numbers(*parameter.shape, start=0.3 * k))
    x = (0.9 * numbers(SIZES["batch"], SIZES["in"], start=5.0)).requires_grad_()
    y = layer(x)
    (y * numbers(*y.shape, start=2.0)).sum().backward()
    trained = {n: p for n, p in layer.named_parameters() if p.requires_grad}
    return {
        "options": given,
        "x": x.tolist(),
        "y": y.tolist(),
        "by_x": x.grad.tolist(),
        "parameters": {n: p.tolist() for n, p in trained.items()},
        "gradients": {n: p.grad.tolist() for n, p in trained.items() if p.grad is not None},
    }


if __name__ == "__main__":
    found = {name: reference(options) for name, options in CASES.items()}
    Path(sys.argv[1]).write_text(json.dumps(found) + "\n", encoding="utf-8")
