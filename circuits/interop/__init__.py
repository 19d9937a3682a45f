"""Converters to and from other formats: OpenQASM, Qiskit, PennyLane."""
