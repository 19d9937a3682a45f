"""The layer keeps the contract of layers, with every circuit and way to compute it."""

from __future__ import annotations

import pytest

from qml import conformance
from qml.models.qkan import ANSAETZE
from tests.qml.models.qkan.cases import KINDS, layer

CASES = [("pz", kind) for kind in KINDS]
CASES += [(name, kind) for name in ANSAETZE if name != "pz" for kind in ("fixed", "fast")]
LEAVES_ITS_DOMAIN = ("functional_call", "copies", "training", "ensembles")
"""Checks that change the parameters by so much that px is not defined any more."""


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_contract_of_a_layer(name, kind):
    left_out = ("compile", *(LEAVES_ITS_DOMAIN if (name, kind) == ("px", "fast") else ()))
    for claim in [c for c in conformance.CHECKS if c not in left_out]:
        conformance.CHECKS[claim](lambda: layer(name, **KINDS[kind]))


@pytest.mark.parametrize("kind", ["fixed", "trainable"])
def test_it_compiles(kind):
    conformance.check_compile(lambda: layer(**KINDS[kind]))
