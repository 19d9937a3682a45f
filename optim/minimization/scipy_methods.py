"""SciPy's minimizers, one start point at a time."""

from __future__ import annotations

from typing import Any

import scipy.optimize

from optim.minimization.run import Run


def lbfgs_b(run: Run, tolerance: float, *, memory: int) -> None:
    """L-BFGS-B (Byrd, Lu, Nocedal, Zhu, SIAM J. Sci. Comput. 16, 1190 (1995)), without bounds."""
    limits = {"maxfun": run.limit + 1, "maxiter": run.limit + 1, "maxcor": memory}
    _scipy(run, "L-BFGS-B", {**limits, "gtol": tolerance, "ftol": 1e-15}, gradients=True)


def cobyla(run: Run, tolerance: float, *, radius: float) -> None:
    """COBYLA (Powell, 1994) from a trust region of a radius, in radians, down to the tolerance."""
    limit = max(run.limit + 1, len(run.start) + 2)  # fewer make no linear model
    options = {"maxiter": limit, "rhobeg": radius, "tol": tolerance}
    _scipy(run, "COBYLA", options)


def nelder_mead(run: Run, tolerance: float, *, adaptive: bool) -> None:
    """The simplex method of Nelder and Mead, Computer J. 7, 308 (1965)."""
    limits = {"maxfev": run.limit + 1, "maxiter": run.limit + 1}
    options = {**limits, "xatol": tolerance, "fatol": tolerance, "adaptive": adaptive}
    _scipy(run, "Nelder-Mead", options)


def powell(run: Run, tolerance: float) -> None:
    """Powell's conjugate directions, Computer J. 7, 155 (1964)."""
    limits = {"maxfev": run.limit + 1, "maxiter": run.limit + 1}
    _scipy(run, "Powell", {**limits, "xtol": tolerance, "ftol": tolerance})


def _scipy(run: Run, method: str, options: dict[str, Any], *, gradients: bool = False) -> None:
    """Run one of SciPy's methods; `Spent` comes out of it where the evaluations end."""
    function: Any = run.value_and_gradient if gradients else run.value
    entry: Any = scipy.optimize.minimize
    found = entry(function, run.start, jac=gradients or None, method=method, options=options)
    run.iterations = int(found.get("nit", found.nfev))
    run.message, run.converged = str(found.message), bool(found.success)
