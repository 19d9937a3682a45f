"""Leaving out the qubits of a circuit on which nothing happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from circuits.circuit import Circuit
from circuits.errors import QubitError
from circuits.execution import Request, Values
from circuits.ops import Op, check_qubits

_NOTHING = ("barrier", "delay", "id", "global_phase")


def compact(circuit: Circuit, keep: Iterable[int] = ()) -> tuple[Circuit, dict[int, int]]:
    """The same circuit without its idle qubits.

    A qubit is idle if it has no operation but barriers, delays and identities: it stays in |0>
    whatever the others do. Channels are operations, so a qubit whose delays were given noise is
    not idle. Order is kept; symbols are all kept.

    Args:
        circuit: The circuit, of a large device for example.
        keep: Qubits that stay although they may be idle, for example because they are measured.

    Returns:
        The circuit on the remaining qubits, at least one, and the mapping from old to new qubits.
        The circuit itself, if no qubit is idle.

    Raises:
        QubitError: If `keep` names a qubit that the circuit does not have.

    >>> from circuits import gates as g
    >>> small, new = compact(Circuit(127, [g.h(7), g.cx(7, 12)]), keep=[20])
    >>> small.ops, new
    ((h(0), cx(0, 1)), {7: 0, 12: 1, 20: 2})
    """
    kept = check_qubits(list(keep), "keep")
    if kept and max(kept) >= circuit.n_qubits:
        raise QubitError(
            f"Argument `keep` names qubit {max(kept)}, but the circuit has {circuit.n_qubits} "
            f"qubit(s): 0 to {circuit.n_qubits - 1}."
        )
    active = set(kept)
    for op in circuit.ops:
        if op.kind not in _NOTHING:
            active.update(op.qubits)
    if len(active) == circuit.n_qubits:
        return circuit, {q: q for q in range(circuit.n_qubits)}
    new = {q: k for k, q in enumerate(sorted(active or {0}))}
    moved = (_moved(op, new) for op in circuit.ops)
    measured = {new[q]: bit for q, bit in circuit.measured.items() if q in new}
    return Circuit(len(new), [op for op in moved if op is not None], measured=measured), new


def _moved(op: Op, new: dict[int, int]) -> Op | None:
    qubits = tuple(new[q] for q in op.qubits if q in new)
    return None if op.qubits and not qubits else replace(op, qubits=qubits)


def compact_request(request: Request, keep: Iterable[int] = ()) -> Request:
    """The request for its circuit without idle qubits; observables and qubits renumbered.

    Args:
        request: What to run.
        keep: Further qubits that stay.

    Returns:
        An equivalent request; the same one, if no qubit is idle.
    """
    measured: Sequence[int] = request.qubits or ()
    kept = {q for o in request.observables for q in o.qubits}.union(measured, keep)
    small, new = compact(request.circuit, sorted(kept))
    if small is request.circuit:
        return request
    return Request(
        small,
        Values(request.inputs, request.weights),
        [o.with_width(None).map_qubits(new) for o in request.observables],
        qubits=None if request.qubits is None else [new[q] for q in request.qubits],
        bases=request.bases,
        shots=request.shots,
        generator=request.generator,
        tags=request.tags,
    )
