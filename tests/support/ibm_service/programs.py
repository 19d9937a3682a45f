"""Runs what is submitted, on Aer; the same content gives the same result in every process.

The seed is a digest of what a program says, not of its bytes, which hold random identifiers of
parameters and numbered names of circuits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from ibm_quantum_schemas.common import CompressedTensorModel
from ibm_quantum_schemas.executor.version_2_0 import ParamsModel
from ibm_quantum_schemas.executor.version_2_0.models import (
    ItemMetadataModel,
    MetadataModel,
    QuantumProgramResultItemModel,
    QuantumProgramResultModel,
)
from qiskit import QuantumCircuit
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeProviderForBackendV2
from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import (
    passthrough_data_to_2_0,
    quantum_program_from_2_0,
)
from qiskit_ibm_runtime.utils.utils import is_isa_circuit

from .devices import MACHINES


class ProgramError(Exception):
    """What the machine says when it cannot run a program."""


def run(program: str, params: dict[str, Any], backend: str) -> str:
    """The result of a program, in the service's form.

    Args:
        program: `"executor"`, or the old `"sampler"` and `"estimator"`.
        params: As submitted.
        backend: Name of the machine.

    Raises:
        ProgramError: If a circuit does not fit the machine.
    """
    if program == "executor":
        return _executor(params, backend)
    pubs = json.loads(json.dumps(params["pubs"]), cls=RuntimeDecoder)
    for pub in pubs:
        _check(pub[0], backend)
    seed = _seed(_texts(params["options"], *pubs))
    if program == "sampler":
        sampler = BackendSamplerV2(backend=_simulator(backend), options={"seed_simulator": seed})
        result = sampler.run([tuple(pub) for pub in pubs]).result()
    else:
        estimator = BackendEstimatorV2(
            backend=_simulator(backend), options={"seed_simulator": seed}
        )
        result = estimator.run([tuple(pub) for pub in pubs]).result()
    return json.dumps(result, cls=RuntimeEncoder)


def _executor(params: dict[str, Any], backend: str) -> str:
    program, _ = quantum_program_from_2_0(ParamsModel.model_validate(params))
    parts: list[Any] = [program.shots]
    for item in program.items:
        _check(item.circuit, backend)
        parts.append(item.circuit)
        if hasattr(item, "samplex"):
            item.samplex.finalize()
            parts += [item.shape, *(item.samplex_arguments[k] for k in item.samplex_arguments)]
        else:
            parts.append(item.circuit_arguments)
    options = SimulatorOptions(seed_simulator=_seed(_texts(*parts)), angle_decimals=12)
    result = run_quantum_program(_simulator(backend), program, options)
    now = datetime.now(UTC)
    span = {"start": now, "stop": now, "parts": []}
    return QuantumProgramResultModel(
        data=[
            QuantumProgramResultItemModel(
                results={
                    k: CompressedTensorModel.from_numpy(np.asarray(v)) for k, v in one.items()
                },
                metadata=ItemMetadataModel(),
            )
            for one in result
        ],
        metadata=MetadataModel.model_validate({"chunk_timing": [span]}),
        passthrough_data=passthrough_data_to_2_0(program.passthrough_data),
        semantic_role=program._semantic_role,
    ).model_dump_json()


@cache
def _device(backend: str) -> Any:
    return FakeProviderForBackendV2().backend(f"fake_{MACHINES[backend].model}")


@cache
def _simulator(backend: str) -> Any:
    """The machine; without noise, it has no device's limits either."""
    one = {"max_parallel_threads": 1}
    if not MACHINES[backend].noisy:
        return AerSimulator(**one)
    return AerSimulator.from_backend(_device(backend), **one)


def _check(circuit: QuantumCircuit, backend: str) -> None:
    if reason := is_isa_circuit(circuit, _device(backend).target):
        raise ProgramError(reason)


def _seed(texts: Iterator[str]) -> int:
    digest = hashlib.sha256("\n".join(texts).encode()).digest()
    return int.from_bytes(digest[:4], "little")


def _texts(*parts: Any) -> Iterator[str]:
    """What parts of a program say."""
    for part in parts:
        if isinstance(part, QuantumCircuit):
            for gate in part.data:
                qubits = [part.find_bit(q).index for q in (*gate.qubits, *gate.clbits)]
                yield f"{gate.operation.name} {qubits} {[str(p) for p in gate.operation.params]}"
        elif isinstance(part, np.ndarray):
            yield f"{part.shape} {part.dtype} {part.tobytes().hex()}"
        elif isinstance(part, list | tuple):
            yield from _texts(*part)
        elif isinstance(part, dict):
            yield from _texts(*(one for pair in sorted(part.items()) for one in pair))
        else:
            yield repr(part)
