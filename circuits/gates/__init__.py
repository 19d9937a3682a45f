"""Gates: the table of records and the constructors `gates.NAME(*angles, *qubits)`.

Rotations are exp(-i theta P / 2); angles are in radians; the first listed qubit is the least
significant bit of a matrix; controls are listed before targets.

>>> from circuits import gates as g
>>> g.rx(0.5, 0), g.cx(0, 1), g.u(0.1, 0.2, 0.3, 2)
(rx(0.5, 0), cx(0, 1), u(0.1, 0.2, 0.3, 2))
"""

from __future__ import annotations

from typing import NoReturn

from circuits.errors import UnknownGateError
from circuits.gates.channel_constructors import (
    amplitude_damping,
    depolarizing,
    pauli_channel,
    pauli_lindblad,
    thermal_relaxation,
    transfer_matrix,
)
from circuits.gates.constructors import (
    Constructor,
    barrier,
    controlled,
    delay,
    kraus,
    pauli_rotation,
    state_preparation,
    unitary,
)
from circuits.gates.record import Gate
from circuits.gates.table import TABLE, gate_named

id = Constructor("id")
x = Constructor("x")
y = Constructor("y")
z = Constructor("z")
h = Constructor("h")
s = Constructor("s")
sdg = Constructor("sdg")
t = Constructor("t")
tdg = Constructor("tdg")
sx = Constructor("sx")
sxdg = Constructor("sxdg")
rx = Constructor("rx")
ry = Constructor("ry")
rz = Constructor("rz")
p = Constructor("p")
u = Constructor("u")
u1 = Constructor("u1")
u2 = Constructor("u2")
u3 = Constructor("u3")
cx = Constructor("cx")
cy = Constructor("cy")
cz = Constructor("cz")
ch = Constructor("ch")
cs = Constructor("cs")
csdg = Constructor("csdg")
csx = Constructor("csx")
swap = Constructor("swap")
iswap = Constructor("iswap")
ecr = Constructor("ecr")
crx = Constructor("crx")
cry = Constructor("cry")
crz = Constructor("crz")
cp = Constructor("cp")
cu = Constructor("cu")
cu1 = Constructor("cu1")
cu3 = Constructor("cu3")
rxx = Constructor("rxx")
ryy = Constructor("ryy")
rzz = Constructor("rzz")
rzx = Constructor("rzx")
ccx = Constructor("ccx")
ccz = Constructor("ccz")
cswap = Constructor("cswap")
c3x = Constructor("c3x")
c4x = Constructor("c4x")
c3sqrtx = Constructor("c3sqrtx")
rccx = Constructor("rccx")
rc3x = Constructor("rc3x")
global_phase = Constructor("global_phase")
bit_flip = Constructor("bit_flip")
phase_flip = Constructor("phase_flip")
bit_phase_flip = Constructor("bit_phase_flip")
phase_damping = Constructor("phase_damping")


def __getattr__(name: str) -> NoReturn:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    gate_named(name)
    raise UnknownGateError(f"The gate {name!r} has no constructor of its own: use `controlled`.")


__all__ = [
    "TABLE",
    "Constructor",
    "Gate",
    "amplitude_damping",
    "barrier",
    "bit_flip",
    "bit_phase_flip",
    "c3sqrtx",
    "c3x",
    "c4x",
    "ccx",
    "ccz",
    "ch",
    "controlled",
    "cp",
    "crx",
    "cry",
    "crz",
    "cs",
    "csdg",
    "cswap",
    "csx",
    "cu",
    "cu1",
    "cu3",
    "cx",
    "cy",
    "cz",
    "delay",
    "depolarizing",
    "ecr",
    "gate_named",
    "global_phase",
    "h",
    "id",
    "iswap",
    "kraus",
    "p",
    "pauli_channel",
    "pauli_lindblad",
    "pauli_rotation",
    "phase_damping",
    "phase_flip",
    "rc3x",
    "rccx",
    "rx",
    "rxx",
    "ry",
    "ryy",
    "rz",
    "rzx",
    "rzz",
    "s",
    "sdg",
    "state_preparation",
    "swap",
    "sx",
    "sxdg",
    "t",
    "tdg",
    "thermal_relaxation",
    "transfer_matrix",
    "u",
    "u1",
    "u2",
    "u3",
    "unitary",
    "x",
    "y",
    "z",
]
