"""The front door: what a user may pass as an observable, as `PauliSum`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from circuits.errors import ArgumentTypeError, ObservableError
from circuits.pauli.pauli_sum import PauliSum
from circuits.pauli.qiskit_operators import is_qiskit_operator

_EXPECTED = "a PauliSum, a Pauli label, a dict of labels, or a Qiskit SparsePauliOp or Pauli"


def as_observable(obj: Any, argument: str = "observable") -> PauliSum:
    """Convert one observable to a `PauliSum`.

    Args:
        obj: `PauliSum`, label (`"Z0"`, `"ZZII"`), dict of labels, Qiskit `SparsePauliOp`/`Pauli`.
        argument: Name used in error messages.

    Returns:
        The observable. A Qiskit operator keeps its number of qubits as the fixed width.

    Raises:
        ArgumentTypeError: If the object is of another type.
        ObservableError: If its content is not an observable.

    >>> as_observable("Z0")
    PauliSum({'Z0': 1.0})
    """
    if isinstance(obj, PauliSum):
        return obj
    if isinstance(obj, str | Mapping):
        return PauliSum(obj)
    if is_qiskit_operator(obj):
        return PauliSum.from_qiskit(obj)
    raise ArgumentTypeError(f"`{argument}` must be {_EXPECTED}, but got {type(obj).__name__}.")


def as_observables(obj: Any, argument: str = "observables") -> list[PauliSum]:
    """Convert one observable or several to a list of `PauliSum`.

    Args:
        obj: Anything `as_observable` accepts (becomes a list of one), or an ordered iterable.
        argument: Name used in error messages.

    Returns:
        At least one observable, in the order given.

    Raises:
        ArgumentTypeError: If the object or an entry is of another type, or a set (no order).
        ObservableError: If there is none, or an entry is not an observable.

    >>> as_observables(["Z0", "X0 X1"])
    [PauliSum({'Z0': 1.0}), PauliSum({'X0 X1': 1.0})]
    """
    if isinstance(obj, PauliSum | str | Mapping) or is_qiskit_operator(obj):
        return [as_observable(obj, argument)]
    if isinstance(obj, Set) or not isinstance(obj, Iterable):
        raise ArgumentTypeError(
            f"`{argument}` must be one observable ({_EXPECTED}) or a list of them, but got "
            f"{type(obj).__name__}."
        )
    observables = [as_observable(item, f"{argument}[{k}]") for k, item in enumerate(obj)]
    if not observables:
        raise ObservableError(f"`{argument}` must hold at least one observable, but is empty.")
    return observables
