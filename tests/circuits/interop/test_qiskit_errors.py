"""What `from_qiskit` refuses, and how it says so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("qiskit")

from qiskit import QuantumCircuit
from qiskit.circuit import AnnotatedOperation, Gate, Parameter, PowerModifier
from qiskit.circuit import library as lib

from circuits import Circuit
from circuits.errors import ChannelError, ConversionError, KetworkError


def built(build, n=2, clbits=2):
    circuit = QuantumCircuit(n, clbits)
    circuit.h(0)
    build(circuit)
    return circuit


def branch(circuit):
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)


def loop(circuit):
    with circuit.for_loop(range(2)):
        circuit.x(0)


def measured_then_used(circuit):
    circuit.measure(0, 0)
    circuit.cx(1, 0)


def measured_twice(circuit):
    circuit.measure(0, 0)
    circuit.measure(0, 1)


def bit_overwritten(circuit):
    circuit.measure(0, 0)
    circuit.measure(1, 0)


def nested_reset(circuit):
    inner = QuantumCircuit(1, name="fresh")
    inner.x(0)
    inner.reset(0)
    circuit.append(inner.to_instruction(), [1])


def stretched(circuit):
    circuit.delay(circuit.add_stretch("gap"), 0)


def boxed(circuit):
    with circuit.box(duration=100, unit="ns"):
        circuit.x(0)


def fractional(circuit):
    gate = AnnotatedOperation(lib.RXGate(Parameter("a")), [PowerModifier(0.5)])
    circuit.append(gate, [0])


def endless(circuit):
    gate = type("Endless", (Gate,), {"_define": lambda self: _define_by_itself(self)})
    circuit.append(gate("endless", 1, []), [0])


def _define_by_itself(gate):
    definition = QuantumCircuit(1)
    definition.append(type(gate)("endless", 1, []), [0])
    gate._definition = definition


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda c: c.reset(1), r"instruction 1 `reset` is a reset"),
        (nested_reset, r"instruction 1 `fresh` > instruction 1 `reset` is a reset"),
        (branch, r"instruction 1 `if_else` is classical control flow"),
        (loop, r"instruction 1 `for_loop` is classical control flow"),
        (measured_then_used, r"Qubit 0 is measured in mid-circuit.*instruction 2 `cx`"),
        (measured_twice, r"Qubit 0 is measured in mid-circuit.*instruction 2 `measure`"),
        (bit_overwritten, r"instruction 2 `measure` overwrites classical bit 0"),
        (lambda c: c.initialize("1", 0), r"instruction 1 `initialize` resets qubits"),
        (lambda c: c.delay(5, 0, "dt"), r"instruction 1 `delay` lasts 5 dt"),
        (stretched, r"instruction 1 `delay`"),
        (boxed, r"instruction 1 `box` has a duration"),
        (lambda c: c.append(Gate("magic", 2, []), [0, 1]), r"instruction 1 `magic` has no def"),
        (fractional, r"power 0.5"),
        (endless, r"nest deeper than 64"),
    ],
)
def test_refused_instructions(build, message):
    with pytest.raises(ConversionError, match=message):
        Circuit.from_qiskit(built(build))


def test_other_errors_are_ours():
    with pytest.raises(ConversionError, match="no qubits"):
        Circuit.from_qiskit(QuantumCircuit(0, 2))
    from qiskit.circuit import Instruction

    with pytest.raises(ChannelError, match="Kraus"):
        Circuit.from_qiskit(
            built(lambda c: c.append(Instruction("kraus", 1, 0, [np.eye(2) / 2]), [0]))
        )
    with pytest.raises(KetworkError, match="finite"):
        Circuit.from_qiskit(built(lambda c: c.append(lib.RXGate(float("nan")), [0])))


def test_missing_package_is_named():
    code = (
        "import sys; sys.modules['qiskit'] = None\n"
        "from circuits import Circuit, errors\n"
        "try: Circuit(1).to_qiskit()\n"
        "except errors.MissingDependencyError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs the package `qiskit`" in done.stdout
    assert "ketwork[qiskit]" in done.stdout
