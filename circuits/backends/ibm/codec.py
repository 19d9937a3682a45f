"""Jobs as bytes: what is submitted, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from typing import Any

from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime.decoders.defaults import DEFAULT_DECODERS

from circuits.backends.ibm.recorder import Program
from circuits.errors import ServiceAnswerError

_FORMAT = 1


def encoded(program: Program, device: str, session: str | None) -> bytes:
    """A job as the ledger keeps it: the body of the request that submits it, but for our tag."""
    options = program.options
    body = {
        "format": _FORMAT,
        "program_id": program.program_id,
        "backend_name": device,
        "params": program.inputs,
        "image": options.get("image"),
        "log_level": options.get("log_level"),
        "session_id": session,
        "job_tags": list(options.get("job_tags") or []),
        "max_execution_time": options.get("max_execution_time"),
        "private": bool(options.get("private")),
        "calibration_id": program.calibration_id,
    }
    return json.dumps(body, cls=RuntimeEncoder).encode()


def submission(payload: bytes, tag: str) -> dict[str, Any]:
    """Arguments of the client's `program_run` for a payload, marked with a tag."""
    body: dict[str, Any] = json.loads(payload)
    body.pop("format")
    body["job_tags"] = [tag, *body["job_tags"]]
    return body


def program_of(payload: bytes) -> str:
    """The program that a payload runs."""
    return str(json.loads(payload)["program_id"])


def decoded(program: str, text: str) -> list[Any]:
    """The results of a job's pubs.

    Args:
        program: Name of the program.
        text: What the service answered.

    Raises:
        ServiceAnswerError: If it is no result.
    """
    try:
        result = reduce(
            lambda found, decoder: decoder.decode(found) if decoder.is_applicable(found) else found,
            DEFAULT_DECODERS[program],
            text,
        )
        found: Sequence[Any] = list(result)
        if not all(hasattr(pub, "data") for pub in found) or not found:
            raise TypeError("no results of pubs")  # noqa: TRY301
    except Exception as error:  # whatever decoders raise on damaged text
        raise ServiceAnswerError(
            f"The result of the job cannot be read: {type(error).__name__}: {error}"[:500]
        ) from None
    return list(found)
