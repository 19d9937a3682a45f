"""The content digest of requests: equal for requests that ask for the same thing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.execution import Request

_VERSION = "ketwork requests 1"


def content_digest(
    requests: Sequence[Request], target: str, options: Mapping[str, Any] | None = None
) -> str:
    """SHA-256 over everything that decides what requests give on a machine.

    Circuits with all their numbers, values, observables or qubits and bases, shots and seeds enter
    bit by bit; tags do not.

    Args:
        requests: What is run, in order.
        target: Where, e.g. `"ibm:ibm_boston"`.
        options: Settings of the execution; a tree of JSON types.

    Returns:
        64 hexadecimal digits, the same in every process and version of Python.

    Raises:
        InvalidArgumentError: If an option is no JSON type, or NaN or infinite.
    """
    digest = hashlib.sha256()
    for part in _parts(requests, target, options or {}):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def payload_digest(service: str, payload: bytes) -> str:
    """SHA-256 of a request that is known by its payload only.

    Args:
        service: Name of the service.
        payload: What is submitted to it.
    """
    digest = hashlib.sha256(f"ketwork payload 1\n{service}\n".encode())
    digest.update(payload)
    return digest.hexdigest()


def _parts(requests: Sequence[Request], target: str, options: Mapping[str, Any]) -> Iterator[bytes]:
    try:
        settings = json.dumps(options, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"Argument `options` must be a tree of texts, finite numbers, lists and "
            f"dictionaries: {error}."
        ) from error
    yield from (part.encode() for part in (_VERSION, target, settings, str(len(requests))))
    for request in requests:
        yield from _circuit_parts(request.circuit)
        yield from _array_parts(request.values.detach().cpu().numpy())
        measured = (request.qubits, request.bases, request.shots, len(request.observables))
        yield repr(measured).encode()
        for observable in request.observables:
            terms = [(x, z, complex(factor)) for x, z, factor in observable.terms]
            yield repr(terms).encode()
        yield _seed(request.generator)


def _circuit_parts(circuit: Circuit) -> Iterator[bytes]:
    yield circuit.content_hash.encode()
    for op in circuit.ops:
        constants = [float(angle.constant) for angle in op.angles]
        factors = [[float(factor) for factor, _ in angle.terms] for angle in op.angles]
        yield repr((constants, factors)).encode()
        if op.data is not None:
            yield from _array_parts(op.data)


def _array_parts(array: np.ndarray) -> Iterator[bytes]:
    yield f"{array.dtype.str}{array.shape}".encode()
    yield np.ascontiguousarray(array).tobytes()


def _seed(generator: torch.Generator | int | None) -> bytes:
    if isinstance(generator, torch.Generator):
        return generator.get_state().numpy().tobytes()
    return repr(generator).encode()
