"""The native engine: compiled kernels for exact values, gradients and states on the CPU."""

from __future__ import annotations

from circuits.simulators.native.engine import Forward, NativeEngine, Work, native_support

__all__ = ["Forward", "NativeEngine", "Work", "native_support"]
