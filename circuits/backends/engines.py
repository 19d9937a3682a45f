"""The engines that exact simulators can be asked for."""

from __future__ import annotations

import functools
import warnings

from circuits import _native
from circuits.errors import InvalidArgumentError, UnsupportedOperationError

ENGINES = ("auto", "native", "torch")


def check_engine(engine: str) -> str:
    """The name of an engine that is installed; says once if there is only the slow one.

    Raises:
        InvalidArgumentError: If there is no such engine.
        UnsupportedOperationError: If it is not installed.
    """
    if engine not in ENGINES:
        raise InvalidArgumentError(f"Argument `engine` must be one of {ENGINES}, got {engine!r}.")
    if engine == "native" and _native.kernels() is None:
        raise UnsupportedOperationError(
            "The native engine was not compiled with this installation "
            f"({_native.reason()}). Use engine='torch', or reinstall where there is a C++ "
            "compiler."
        )
    if engine == "auto" and _native.kernels() is None:
        _say_once()
    return engine


def engine_in_use(engine: str) -> str:
    """`"native"` or `"torch"`: what runs on the CPU; other devices always use torch."""
    return "torch" if engine == "torch" or _native.kernels() is None else "native"


@functools.cache
def _say_once() -> None:
    warnings.warn(
        f"ketwork runs on the torch engine: its kernels were not compiled ({_native.reason()}). "
        "Results are the same; training is many times slower. Reinstall where there is a C++ "
        "compiler.",
        RuntimeWarning,
        stacklevel=4,
    )
