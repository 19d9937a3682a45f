"""One symbol for each distinct angle expression, so that translators need not understand them."""

from __future__ import annotations

from circuits.circuit import Circuit
from circuits.symbols import Angle, weights

SLOT = "slot"


def with_slots(circuit: Circuit) -> tuple[Circuit, list[Angle]]:
    """The circuit with every angle that is no number replaced by an entry of `weights`.

    Args:
        circuit: The circuit.

    Returns:
        The circuit, whose angles are numbers or symbols of one group called `SLOT`, and the
        expression that each symbol stands for. Terminal measurements are left out.
    """
    expressions = list(
        dict.fromkeys(a for op in circuit.ops for a in op.angles if not a.is_constant)
    )
    if not expressions:
        return Circuit(circuit.n_qubits, circuit.ops), []
    slots = dict(zip(expressions, weights(len(expressions), name=SLOT), strict=True))
    plain = circuit.map_angles(lambda angle: slots.get(angle, angle))
    return Circuit(plain.n_qubits, plain.ops), expressions


def restored(angle: Angle, expressions: list[Angle]) -> Angle:
    """The angle with the original expressions in place of the slots."""
    if angle.is_constant:
        return angle
    total = Angle(angle.constant)
    for coefficient, product in angle.terms:
        term = Angle(coefficient)
        for symbol in product:
            term = term * expressions[symbol.index]
        total = total + term
    return total
