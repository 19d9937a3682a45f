"""Options of the client's primitives: who gets which, and which would have no effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import BaseModel, ValidationError
from qiskit_ibm_runtime.options import EstimatorOptions as LegacyEstimatorOptions
from qiskit_ibm_runtime.options import SamplerOptions as LegacySamplerOptions
from qiskit_ibm_runtime.options_models.estimator import EstimatorOptions
from qiskit_ibm_runtime.options_models.sampler import SamplerOptions

from circuits.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedOperationError

ESTIMATOR, SAMPLER = "estimator", "sampler"
PRIMITIVES = (ESTIMATOR, SAMPLER)
MODELS: Mapping[str, type[BaseModel]] = {ESTIMATOR: EstimatorOptions, SAMPLER: SamplerOptions}
LEGACY_MODELS: Mapping[str, Any] = {
    ESTIMATOR: LegacyEstimatorOptions,
    SAMPLER: LegacySamplerOptions,
}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {ESTIMATOR: {"resilience_level": 0}, SAMPLER: {}}

USUAL_FACTORS = (1.0, 3.0, 5.0)
"""Noise factors of the client's zero-noise extrapolation unless others are chosen."""

_OURS = {
    "default_shots": "Give `shots` to IBM or to the request.",
    "default_precision": "Give `shots` to IBM or to the request.",
}
_SERVICE_ONLY = ("environment", "max_execution_time", "execution", "experimental")
_LOCAL_ONLY = ("simulator",)


def checked(options: Any) -> dict[str, Any]:
    """The options as a tree of dictionaries, without what was left at its default.

    Raises:
        ArgumentTypeError: If it is no dictionary and no options of the client.
    """
    if options is None:
        return {}
    if isinstance(options, BaseModel):
        return options.model_dump(exclude_unset=True)
    if not isinstance(options, Mapping):
        raise ArgumentTypeError(
            "Argument `options` must be a dictionary of options of qiskit-ibm-runtime's "
            f"primitives, an EstimatorOptions or a SamplerOptions, got {type(options).__name__}."
        )
    return {str(name): value for name, value in options.items()}


def split(options: Mapping[str, Any], local: bool, observer: str) -> dict[str, dict[str, Any]]:
    """The options of each primitive, validated.

    Args:
        options: What the user chose.
        local: Whether jobs are simulated.
        observer: The primitive that measures observables.

    Returns:
        By primitive.

    Raises:
        InvalidArgumentError: If an option is not known or has a value that the client refuses.
        UnsupportedOperationError: If an option would have no effect.
    """
    known = {name: set(model.model_fields) for name, model in MODELS.items()}
    for name, value in options.items():
        if name not in set().union(*known.values()):
            raise InvalidArgumentError(
                f"Argument `options` has {name!r}, which no primitive of qiskit-ibm-runtime knows; "
                f"known: {', '.join(sorted(known[ESTIMATOR]))}."
            )
        if name in _OURS:
            raise UnsupportedOperationError(f"Option `{name}` has no effect here. {_OURS[name]}")
        if local and name in _SERVICE_ONLY:
            raise UnsupportedOperationError(
                f"Option `{name}` has no effect in local mode, where jobs are simulated in this "
                "process. Leave it out."
            )
        if not local and name in _LOCAL_ONLY:
            raise UnsupportedOperationError(
                f"Option `{name}` has no effect on a machine; it is for local mode."
            )
        if observer == SAMPLER and name not in known[SAMPLER]:
            raise UnsupportedOperationError(
                f"Option `{name}` is the estimator's, and `primitive` is 'sampler'."
            )
        _check_inside(name, value)
    found = {}
    for kind in PRIMITIVES:
        own = {name: value for name, value in options.items() if name in known[kind]}
        found[kind] = {**DEFAULTS[kind], **own}
        try:
            MODELS[kind](**found[kind])
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InvalidArgumentError(f"Option `{where}`: {first['msg']}.") from error
    return found


def split_legacy(
    options: Mapping[str, Any], local: bool, observer: str
) -> dict[str, dict[str, Any]]:
    """`split` for the deprecated primitives; values are validated when they are used.

    In local mode they heed the simulator's options only.
    """
    known = {name: {field.name for field in fields(kind)} for name, kind in LEGACY_MODELS.items()}
    for name in options:
        if name not in set().union(*known.values()):
            raise InvalidArgumentError(
                f"Argument `options` has {name!r}, which the deprecated primitives do not know."
            )
        useless = local != (name in _LOCAL_ONLY)
        if name in _OURS or useless or (observer == SAMPLER and name not in known[SAMPLER]):
            raise UnsupportedOperationError(
                f"Option `{name}` has no effect on the deprecated primitives "
                f"{'in local mode' if local else 'here'}. {_OURS.get(name, 'Leave it out.')}"
            )
    found = {}
    for kind in PRIMITIVES:
        own = {name: value for name, value in options.items() if name in known[kind]}
        found[kind] = own if local else {**DEFAULTS[kind], **own}
    return found


def _check_inside(name: str, value: Any) -> None:
    inside = value if isinstance(value, Mapping) else {}
    if name == "environment" and "max_execution_time" in inside:
        raise UnsupportedOperationError(
            "Option `environment.max_execution_time` is deprecated: use `max_execution_time`."
        )
    if name == "execution" and inside.get("meas_type", "classified") != "classified":
        raise UnsupportedOperationError(
            "Option `execution.meas_type` must be 'classified': results here are bits, got "
            f"{inside['meas_type']!r}."
        )


def noise_factors(options: Mapping[str, Any], legacy: bool = False) -> tuple[float, ...]:
    """The noise factors at which the estimator runs every circuit.

    Args:
        options: Its options.
        legacy: Whether they are those of the deprecated estimator, whose mitigation is the
            service's; its usual one counts.
    """
    if legacy:
        return USUAL_FACTORS if options.get("resilience_level") == 2 else (1.0,)
    resilience = EstimatorOptions(**options).resilience
    level_mitigates = options.get("resilience_level") == 2
    wanted = level_mitigates if resilience.zne_mitigation is None else resilience.zne_mitigation
    factors = resilience.zne.noise_factors
    if not wanted:
        return (1.0,)
    return tuple(float(factor) for factor in (USUAL_FACTORS if factors == "auto" else factors))
