"""Compiled kernels for state vectors on the CPU; absent where no compiler was at hand.

`kernels()` is the extension module or `None`; `reason()` says why it is absent.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType


@functools.cache
def _load() -> tuple[ModuleType | None, str]:
    try:
        return importlib.import_module("circuits._native._kernels"), ""
    except ImportError as error:
        return None, str(error)


def kernels() -> ModuleType | None:
    """The extension module, or `None` where it was not built."""
    return _load()[0]


def seconds() -> float:
    """How long the kernels have run in this process so far; calls in parallel add up."""
    module = kernels()
    return 0.0 if module is None else 1e-9 * module.nanoseconds()


def reason() -> str:
    """Why the extension module is absent; empty where it is there."""
    return _load()[1]
