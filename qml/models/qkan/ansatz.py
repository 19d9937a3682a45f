"""The one-qubit circuits behind DARUAN activations, as a table of records.

A circuit begins with H |0>. Every repetition applies the trainable block and then one rotation by
the data; after the last repetition the block is applied once more, unless the record says not.
The activation is <Z> at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from circuits.arguments import one_of

AXES = {"rx": 0, "ry": 1, "rz": 2}


@dataclass(frozen=True)
class Step:
    """One rotation of the Bloch vector.

    Attributes:
        axis: 0, 1, 2 for x, y, z.
        data: Whether the angle comes from the data; else it is a trainable angle.
        index: Number of the repetition (data), or place among the trainable angles.
    """

    axis: int
    data: bool
    index: int


@dataclass(frozen=True)
class Ansatz:
    """How the circuit of an activation is built.

    Attributes:
        name: Name in `ANSAETZE`.
        block: Gates of the trainable block, in order; rotations take one angle each.
        turns: The rotations that the block amounts to on the Bloch sphere, each by
            sign * angle + offset: `(gate, sign, offset)`, one for every angle.
        data: Rotation by the data.
        arccos: Whether the rotation is by arccos of the data instead of the data.
        closes: Whether the block follows the last repetition, too.
        shifts: Whether the data get a trainable offset in any case.
    """

    name: str
    block: tuple[str, ...]
    turns: tuple[tuple[str, float, float], ...]
    data: str
    arccos: bool = False
    closes: bool = True
    shifts: bool = False

    def slots(self, reps: int) -> tuple[int, int]:
        """Number of blocks, and of angles in a block."""
        return reps + int(self.closes), len(self.turns)

    def n_angles(self, reps: int) -> int:
        """Number of trainable angles."""
        blocks, angles = self.slots(reps)
        return blocks * angles

    def steps(self, reps: int) -> tuple[Step, ...]:
        """The rotations of the Bloch vector, in order."""
        blocks, size = self.slots(reps)
        found: list[Step] = []
        for block in range(blocks):
            found += [
                Step(AXES[gate], False, block * size + k)
                for k, (gate, _, _) in enumerate(self.turns)
            ]
            found += [Step(AXES[self.data], True, block)] if block < reps else []
        return tuple(found)


ANSAETZE: dict[str, Ansatz] = {
    record.name: record
    for record in (
        Ansatz("pz", ("rz", "ry"), (("rz", 1, 0), ("ry", 1, 0)), "rz"),
        Ansatz("rpz", ("ry",), (("ry", 1, 0),), "rz", shifts=True),
        Ansatz("px", ("rz",), (("rz", 1, 0),), "rx", arccos=True),
        # X, RY(t), Z together are RY(pi - t) up to a phase.
        Ansatz("real", ("x", "ry", "z"), (("ry", -1, pi),), "ry", closes=False),
        Ansatz("mix", ("rz", "rx"), (("rz", 1, 0), ("rx", 1, 0)), "ry"),
    )
}
"""The circuits by name: pz (default), rpz, px, real, mix."""


def ansatz_named(name: str) -> Ansatz:
    """The record of a name; `"pz_encoding"` and the like, as the authors write, are known too."""
    plain = name.removesuffix("_encoding") if isinstance(name, str) else name
    return ANSAETZE[one_of(plain, tuple(ANSAETZE), "ansatz")]
