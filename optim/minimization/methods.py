"""The table of methods that `minimize` knows by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from circuits.errors import InvalidArgumentError
from optim.minimization import programs, scipy_methods


@dataclass(frozen=True)
class Method:
    """A way to minimize.

    Attributes:
        run: The function: a program (see `optim.minimization.run`), or one that follows a run to
            its end.
        summary: What it is, in a few words.
        program: Whether `run` is a program, so that start points run side by side.
        gradients: Whether it asks for gradients.
        tolerance: Default tolerance; `None` for methods that only end with their evaluations.
        tolerance_of: What the tolerance is a bound of.
        random: Whether it takes the generator.
        options: Names and defaults of its options.
    """

    run: Callable[..., Any]
    summary: str
    program: bool = True
    gradients: bool = False
    tolerance: float | None = None
    tolerance_of: str = ""
    random: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


_GAINS = {"a": 0.2, "alpha": 0.602, "c": 0.1, "gamma": 0.101}

METHODS: dict[str, Method] = {
    "l-bfgs-b": Method(
        scipy_methods.lbfgs_b,
        "quasi-Newton with limited memory (SciPy)",
        program=False,
        gradients=True,
        tolerance=1e-8,
        tolerance_of="the largest derivative",
        options={"memory": 10},
    ),
    "bfgs": Method(
        programs.bfgs,
        "quasi-Newton, start points side by side",
        gradients=True,
        tolerance=1e-8,
        tolerance_of="the largest derivative",
    ),
    "adam": Method(
        programs.adam,
        "gradient descent with moments",
        gradients=True,
        tolerance=1e-8,
        tolerance_of="the largest derivative",
        options={"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999},
    ),
    "gradient-descent": Method(
        programs.gradient_descent,
        "plain gradient descent",
        gradients=True,
        tolerance=1e-8,
        tolerance_of="the largest derivative",
        options={"learning_rate": 0.1},
    ),
    "qng": Method(
        programs.natural_gradient,
        "quantum natural gradient descent",
        gradients=True,
        tolerance=1e-8,
        tolerance_of="the largest derivative",
        options={"learning_rate": 0.1, "damping": 1e-3, "approximation": "block-diagonal"},
    ),
    "rotosolve": Method(
        programs.rotosolve,
        "exact minimization along each parameter",
        tolerance=1e-10,
        tolerance_of="the fall of the energy in a sweep",
    ),
    "cobyla": Method(
        scipy_methods.cobyla,
        "linear models in a trust region (SciPy)",
        program=False,
        tolerance=1e-6,
        tolerance_of="the radius of the trust region",
        options={"radius": 1.0},
    ),
    "nelder-mead": Method(
        scipy_methods.nelder_mead,
        "simplex (SciPy)",
        program=False,
        tolerance=1e-8,
        tolerance_of="the size of the simplex",
        options={"adaptive": True},
    ),
    "powell": Method(
        scipy_methods.powell,
        "conjugate directions (SciPy)",
        program=False,
        tolerance=1e-8,
        tolerance_of="relative changes",
    ),
    "spsa": Method(
        programs.spsa,
        "simultaneous perturbation",
        random=True,
        options={**_GAINS, "stability": 0.0, "samples": 1},
    ),
    "adam-spsa": Method(
        programs.adam_spsa,
        "Adam on estimates of SPSA, in stages of rising shots",
        random=True,
        options={
            **_GAINS,
            "beta1": 0.9,
            "beta2": 0.999,
            "decay": 0.0,
            "preset": None,
            "schedule": "code",
            "stages": None,
        },
    ),
    "qn-spsa": Method(
        programs.qn_spsa,
        "natural gradient from estimated gradient and metric",
        random=True,
        options={"learning_rate": 0.01, "radius": 0.05, "damping": 0.05},
    ),
}

ALIASES = {"lbfgs": "l-bfgs-b", "l-bfgs": "l-bfgs-b", "nft": "rotosolve"}


def brings_shots(name: str, settings: Mapping[str, Any]) -> bool:
    """Whether a method's settings say how many shots its energies have."""
    if name != "adam-spsa":
        return False
    names = ("preset", "schedule", "stages")
    stages = programs.stages_of(*(settings[key] for key in names))
    return any(stage.shots is not None for stage in stages)


def method_named(name: str) -> tuple[str, Method]:
    """A method and its name in the table.

    Raises:
        InvalidArgumentError: If there is none.
    """
    key = ALIASES.get(name.lower(), name.lower()) if isinstance(name, str) else ""
    if key not in METHODS:
        raise InvalidArgumentError(
            f"Argument `method` must be one of {', '.join(METHODS)}, got {name!r}."
        )
    return key, METHODS[key]


def settings_of(name: str, method: Method, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options of a method, those that were given in place of the defaults.

    Raises:
        InvalidArgumentError: If the method has no such option.
    """
    unknown = set(given or {}) - set(method.options)
    if unknown:
        raise InvalidArgumentError(
            f"The method {name!r} has no option {', '.join(map(repr, sorted(unknown)))}; it has "
            f"{', '.join(method.options) or 'none'}."
        )
    return {**method.options, **(given or {})}
