"""The tables by name, one file each."""

from __future__ import annotations

from qml.reproduce.record import Table

from . import (
    gradual_replacement,
    hamiltonian_embedding,
    hqnn_parallel,
    hqnn_quanv,
    qcnn,
    qdsformer,
    qkan_function,
    qkan_mnist,
)

TABLES: dict[str, Table] = {
    module.TABLE.name: module.TABLE
    for module in (
        qkan_function,
        qkan_mnist,
        hqnn_parallel,
        hqnn_quanv,
        hamiltonian_embedding,
        gradual_replacement,
        qcnn,
        qdsformer,
    )
}
"""Name -> table, as `ketwork reproduce` offers them."""
