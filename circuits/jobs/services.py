"""How the name of a service, as the ledger holds it, becomes the service again."""

from __future__ import annotations

from collections.abc import Callable

from circuits.errors import UnsupportedOperationError

from .service import JobService

Opener = Callable[[str], JobService]


def _ibm(name: str) -> JobService:
    from circuits.backends.ibm.service import opened

    return opened(name)


_OPENERS: dict[str, Opener] = {"ibm": _ibm}


def register_service(scheme: str, opener: Opener) -> None:
    """Makes services of a scheme known, so that `ketwork jobs` can go on with their jobs.

    Args:
        scheme: What stands before the colon in the services' names: `"ibm"`.
        opener: Makes the service of a name, e.g. of `"ibm:ibm_boston"`; imports what it needs.
    """
    _OPENERS[scheme] = opener


def open_service(name: str) -> JobService:
    """The service of a name.

    Args:
        name: As in the ledger, e.g. `"ibm:ibm_boston"`.

    Raises:
        UnsupportedOperationError: If its scheme was not registered.
    """
    opener = _OPENERS.get(name.partition(":")[0])
    if opener is None:
        known = ", ".join(sorted(_OPENERS)) or "none"
        raise UnsupportedOperationError(
            f"There is no way to reach {name!r} from here; known kinds of services: {known}. "
            "Register it with circuits.jobs.register_service."
        )
    return opener(name)
