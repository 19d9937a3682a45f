"""Encodings: each function returns a `Circuit` with one group of inputs.

>>> from circuits import encodings
>>> encodings.angle(3).input_groups[0].shape
(3,)
"""

from __future__ import annotations

from collections.abc import Callable

from circuits.circuit import Circuit
from circuits.encodings.amplitude import amplitude, block_amplitude
from circuits.encodings.angle import angle, dense_angle
from circuits.encodings.basis import basis
from circuits.encodings.feature_maps import iqp, pauli_feature_map, zz_feature_map
from circuits.encodings.hamiltonian import hamiltonian
from circuits.encodings.reuploading import repeat, reuploading

ENCODINGS: dict[str, Callable[..., Circuit]] = {
    "angle": angle,
    "dense_angle": dense_angle,
    "basis": basis,
    "amplitude": amplitude,
    "iqp": iqp,
    "zz_feature_map": zz_feature_map,
    "pauli_feature_map": pauli_feature_map,
}
"""The encodings that need a number of features only: name -> `function(n_features, *, name)`."""

__all__ = [
    "ENCODINGS",
    "amplitude",
    "angle",
    "basis",
    "block_amplitude",
    "dense_angle",
    "hamiltonian",
    "iqp",
    "pauli_feature_map",
    "repeat",
    "reuploading",
    "zz_feature_map",
]
