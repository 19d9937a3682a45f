"""The devices whose calibration data ship with qiskit-ibm-runtime."""

from __future__ import annotations

import difflib
from typing import Any

from qiskit_ibm_runtime import fake_provider

from circuits.errors import InvalidArgumentError


def fake_names() -> dict[str, str]:
    """Short names, such as `boston`, to the classes of devices."""
    return {
        _short(attribute): attribute
        for attribute in sorted(dir(fake_provider))
        if attribute.startswith("Fake") and not attribute.startswith("FakeProvider")
    }


def fake_device(name: str) -> Any:
    """A fake device.

    Args:
        name: `boston`, `fake_boston` or `FakeBoston`.

    Raises:
        InvalidArgumentError: If there is none, with similar names.
    """
    known = fake_names()
    wanted = _short(name)
    if wanted not in known:
        similar = difflib.get_close_matches(wanted, known, 3) or sorted(known)[:5]
        raise InvalidArgumentError(
            f"qiskit-ibm-runtime has no fake device {name!r}. Similar: {', '.join(similar)}."
        )
    return getattr(fake_provider, known[wanted])()


def _short(name: str) -> str:
    text = name.lower().replace("_", "").replace("-", "")
    return text.removeprefix("fake").removesuffix("v2")
