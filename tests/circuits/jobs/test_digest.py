"""The content digest: equal for equal requests, in every process; different for all others."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from circuits import Circuit, PauliSum, Request, inputs, weights
from circuits import gates as g
from circuits.errors import InvalidArgumentError
from circuits.jobs import content_digest, payload_digest


def request(
    *,
    angle: float = 0.3,
    factor: float = 2.0,
    entry: complex = 1.0,
    value: float = 0.5,
    coefficient: float = 1.0,
    dtype: torch.dtype = torch.float64,
    shots: int | None = 100,
    seed: int | torch.Generator | None = 3,
    bases: str | None = None,
) -> Request:
    x, w = inputs(1), weights(1)
    circuit = Circuit(2, [g.rx(angle + factor * x[0], 0), g.ry(w[0], 1), g.cx(0, 1)])
    circuit += [g.unitary(torch.diag(torch.tensor([1.0, entry], dtype=torch.complex128)), 0)]
    values = torch.tensor([[value, 0.1], [0.2, 0.3]], dtype=dtype)
    if bases is not None:
        return Request(circuit, values, qubits=[0, 1], bases=bases, shots=shots, generator=seed)
    observables = [PauliSum({"ZZ": coefficient}), PauliSum({"XI": 0.5})]
    return Request(circuit, values, observables, shots=shots, generator=seed)


_OTHERS: tuple[Callable[[], Request], ...] = (
    lambda: request(angle=0.3000001),
    lambda: request(factor=2.5),
    lambda: request(entry=1j),
    lambda: request(value=0.50001),
    lambda: request(coefficient=1.5),
    lambda: request(dtype=torch.float32),
    lambda: request(shots=101),
    lambda: request(shots=None),
    lambda: request(seed=4),
    lambda: request(seed=None),
    lambda: request(seed=torch.Generator().manual_seed(3)),
    lambda: request(bases="ZZ"),
    lambda: request(bases="XZ"),
)


def test_equal_requests() -> None:
    expected = content_digest([request()], "ibm:x", {"level": 1, "a": [1.5, None]})
    assert expected == content_digest([request()], "ibm:x", {"a": [1.5, None], "level": 1})
    assert len(expected) == 64
    tagged = copy.copy(request())
    tagged.tags = {"step": 3}
    assert content_digest([tagged], "ibm:x") == content_digest([request()], "ibm:x")


def test_different_requests() -> None:
    digests = [content_digest([make()], "ibm:x") for make in _OTHERS]
    digests += [
        content_digest([request()], "ibm:x"),
        content_digest([request()], "ibm:y"),
        content_digest([request()], "ibm:x", {"level": 1}),
        content_digest([request(), request()], "ibm:x"),
        content_digest([], "ibm:x"),
        payload_digest("ibm:x", b"abc"),
        payload_digest("ibm:y", b"abc"),
        payload_digest("ibm:x", b"abd"),
    ]
    assert len(set(digests)) == len(digests)


def test_options_are_json() -> None:
    for options in ({"x": object()}, {"x": float("nan")}):
        with pytest.raises(InvalidArgumentError, match="options"):
            content_digest([request()], "ibm:x", options)


def test_other_processes_agree() -> None:
    code = (
        "from tests.circuits.jobs.test_digest import request\n"
        "from circuits.jobs import content_digest\n"
        "print(content_digest([request()], 'ibm:x'))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == content_digest([request()], "ibm:x")
