"""Quantum-aware optimizers and architecture search: empty in this release, filled by a later one."""

__ketwork__ = True
