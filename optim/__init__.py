"""Quantum-aware optimizers and architecture search. Empty in this release."""

__ketwork__ = True
