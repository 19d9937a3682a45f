"""Torch as it is outside of operators, transforms and compiled code."""

from __future__ import annotations

from typing import Any

import torch

_STATE = (torch._C._dispatch_tls_local_include_set(), torch._C._dispatch_tls_local_exclude_set())


def eager() -> Any:
    """A context in which torch's operations behave as at import time.

    Inside a custom operator torch switches autograd off, and in compiled code lazy conjugation
    too; under `torch.func` results of plain tensors are wrapped, so that their numbers cannot be
    read. Engines made of torch operations, and plans made of numbers, need none of that.
    """
    return torch._C._ForceDispatchKeyGuard(*_STATE)
