"""One channel or more of every class."""

from __future__ import annotations

from noise.channels import (
    AmplitudeDamping,
    BitFlip,
    BitPhaseFlip,
    Channel,
    Depolarizing,
    Kraus,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PauliTransferMatrix,
    PhaseDamping,
    PhaseFlip,
    ThermalRelaxation,
)
from tests.support.strategies import random_channel

EXAMPLES: dict[str, Channel] = {
    "depolarizing": Depolarizing(0.2),
    "depolarizing-2": Depolarizing(0.2, 2),
    "depolarizing-above-1": Depolarizing(1.2),
    "pauli-1": PauliChannel({"X": 0.1, "Y": 0.05, "Z": 0.15}),
    "pauli-2": PauliChannel({"XI": 0.1, "ZY": 0.15, "IZ": 0.02}),
    "bit-flip": BitFlip(0.1),
    "phase-flip": PhaseFlip(0.1),
    "bit-phase-flip": BitPhaseFlip(0.1),
    "amplitude-damping": AmplitudeDamping(0.3),
    "amplitude-damping-warm": AmplitudeDamping(0.3, population=0.2),
    "phase-damping": PhaseDamping(0.3),
    "thermal": ThermalRelaxation(3.0, 2.0, 1.0, population=0.1),
    "thermal-t2-above-t1": ThermalRelaxation(3.0, 5.5, 1.0, population=0.1),
    "thermal-no-decay": ThermalRelaxation(float("inf"), 2.0, 1.0),
    "over-rotation": OverRotation(0.3, "ZX"),
    "lindblad": PauliLindblad({"XI": 0.1, "ZZ": 0.2}),
    "kraus": Kraus(random_channel(1, 2)),
    "kraus-2": Kraus(random_channel(2, 4)),
    "transfer": PauliTransferMatrix(Kraus(random_channel(5, 2)).transfer()),
}
