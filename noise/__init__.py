"""Noise channels, noise models, noisy simulation and error mitigation."""

from __future__ import annotations

from ketwork import require_ours

require_ours("circuits")

from noise import channels, mitigation, representations
from noise.mitigation import ZNE, Mitigation, PauliTwirling
from noise.pauli_transfer import PauliTransfer

__ketwork__ = True

__all__ = [
    "ZNE",
    "Mitigation",
    "PauliTransfer",
    "PauliTwirling",
    "channels",
    "mitigation",
    "representations",
]
