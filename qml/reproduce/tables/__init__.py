"""The tables by name, one file each."""

from __future__ import annotations

from qml.reproduce.record import Table

from . import hqnn_parallel, qkan_function, qkan_mnist

TABLES: dict[str, Table] = {
    module.TABLE.name: module.TABLE for module in (qkan_function, qkan_mnist, hqnn_parallel)
}
"""Name -> table, as `ketwork reproduce` offers them."""
