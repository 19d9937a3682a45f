"""Noise models as JSON text: numbers survive exactly, and reading never trusts what it reads.

The text holds data only; reading builds every part through the constructors that users call, so a
file cannot contain what a program could not have said. Unknown versions, keys and classes are
refused, and so is what is larger than any device.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from circuits.errors import KetworkError, NoiseFileError
from circuits.machines.machine import Machine, make_machine
from circuits.symbols import Group
from noise.model import encoding as code
from noise.model.encoding import expect, expect_keys
from noise.model.model import NoiseModel
from noise.model.rules import Rule, make_rule

FORMAT = "ketwork.noise-model"
VERSION = 1
MAX_CHARACTERS = 64 * 2**20
MAX_RULES = 200_000
MAX_QUBIT = 100_000


def to_json(model: NoiseModel) -> str:
    """See `NoiseModel.to_json`."""
    groups = model.parameters
    content = {
        "format": FORMAT,
        "version": VERSION,
        "groups": [code.encode_group(group) for group in groups],
        "machine": _encode_machine(model._machine),
        "noiseless": sorted(model.noiseless),
        "missing": model.missing,
        "rules": [_encode_rule(rule, groups) for rule in model.rules],
        "idle": {
            str(q): code.encode_arguments(one, groups) for q, one in sorted(model.idle.items())
        },
        "readout": {str(q): matrix.tolist() for q, matrix in sorted(model.readout.items())},
        "report": list(model.report),
    }
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> NoiseModel:
    """See `NoiseModel.from_json`."""
    if not isinstance(text, str):
        raise NoiseFileError(f"A noise model is read from text, got {type(text).__name__}.")
    if len(text) > MAX_CHARACTERS:
        raise NoiseFileError(
            f"The text of a noise model may have {MAX_CHARACTERS} characters, got {len(text)}."
        )
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NoiseFileError(f"The text is not JSON of a noise model: {error}.") from None
    try:
        return _model(content)
    except NoiseFileError:
        raise
    except (KetworkError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise NoiseFileError(f"The noise model in the text is not valid: {error}") from error


def save(model: NoiseModel, path: str | os.PathLike[str]) -> None:
    """Write `to_json` to a file; an existing file is replaced as a whole or not at all."""
    target = Path(path)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    partial.write_text(to_json(model), encoding="utf-8")
    partial.replace(target)


def load(path: str | os.PathLike[str]) -> NoiseModel:
    """Read what `save` wrote."""
    size = os.stat(path).st_size
    if size > 4 * MAX_CHARACTERS:
        raise NoiseFileError(f"The file {os.fspath(path)} has {size} bytes: no noise model.")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NoiseFileError(f"The file {os.fspath(path)} is not text: {error}.") from None
    return from_json(text)


def _refuse_constant(name: str) -> NoReturn:
    raise NoiseFileError(f"The text holds {name}, and a noise model has finite numbers only.")


def _model(content: Any) -> NoiseModel:
    expect(content, dict, "the text")
    if content.get("format") != FORMAT:
        raise NoiseFileError(f"The text is not a noise model: `format` must be {FORMAT!r}.")
    if content.get("version") != VERSION:
        raise NoiseFileError(
            f"The noise model has the version {content.get('version')!r}; this release reads "
            f"{VERSION}. Read it with the release that wrote it, or a newer one."
        )
    keys = "format version groups machine noiseless missing rules idle readout report"
    expect_keys(content, keys.split(), "the noise model")
    symbols = code.Symbols(expect(content["groups"], list, "groups"))
    noiseless = _strings(content["noiseless"], "noiseless")
    model = NoiseModel(noiseless=noiseless, missing=expect(content["missing"], str, "missing"))
    model._machine = _decode_machine(expect(content["machine"], dict, "machine"))
    rules = expect(content["rules"], list, "rules")
    if len(rules) > MAX_RULES:
        raise NoiseFileError(f"A noise model may have {MAX_RULES} rules, got {len(rules)}.")
    model._rules = tuple(_decode_rule(rule, symbols) for rule in rules)
    for rule in model._rules:
        for q in rule.qubits:
            model._machine.check_qubit(q, "qubits")
    for q, one in _by_qubit(content["idle"], "idle"):
        given = code.decode_arguments(expect(one, dict, "idle"), symbols)
        expect_keys(given, ["t1", "t2", "population"], "idle")
        model.add_idle(q, **given)
    for q, matrix in _by_qubit(content["readout"], "readout"):
        model.add_readout(matrix, q)
    model._noted(_strings(content["report"], "report"))
    known = {(g.kind, g.name) for g in model.parameters}
    if known != symbols.names:
        raise NoiseFileError("The groups of symbols in the text are not those that rules use.")
    return model


def _strings(given: Any, name: str) -> list[str]:
    return [expect(item, str, name) for item in expect(given, list, name)]


def _tuples(given: Any, name: str) -> list[tuple[int, ...]]:
    return [code.qubits(item, MAX_QUBIT) for item in expect(given, list, name)]


def _by_qubit(given: Any, name: str) -> list[tuple[int, Any]]:
    found = []
    for key, value in expect(given, dict, name).items():
        if not (key.isascii() and key.isdigit() and len(key) <= 6):
            raise NoiseFileError(f"Keys of `{name}` must be qubits, got {key!r}.")
        found.append((int(key), value))
    return found


_RULE = ("channel", "gates", "exact", "touched", "positions", "except_for")


def _encode_rule(rule: Rule, groups: Sequence[Group]) -> dict[str, Any]:
    return {
        "channel": code.encode_channel(rule.channel, groups),
        "gates": None if rule.gates is None else list(rule.gates),
        "exact": None if rule.exact is None else sorted(map(list, rule.exact)),
        "touched": None if rule.touched is None else sorted(rule.touched),
        "positions": None if rule.positions is None else list(rule.positions),
        "except_for": sorted(map(list, rule.except_for)),
    }


def _decode_rule(given: Any, symbols: code.Symbols) -> Rule:
    expect(given, dict, "a rule")
    expect_keys(
        given, ["channel", "gates", "exact", "touched", "positions", "except_for"], "a rule"
    )
    exact, touched = given["exact"], given["touched"]
    if exact is not None and touched is not None:
        raise NoiseFileError("A rule has `exact` or `touched`, not both.")
    gates = given["gates"]
    checked = make_rule(
        code.decode_channel(given["channel"], symbols),
        None if gates is None else _strings(gates, "gates"),
        None
        if exact is None
        else [code.qubits(t, MAX_QUBIT) for t in expect(exact, list, "exact")],
        None if given["positions"] is None else code.qubits(given["positions"], MAX_QUBIT),
        _tuples(given["except_for"], "except_for"),
    )
    if touched is None:
        return checked
    channel, listed = checked.channel, code.qubits(touched, MAX_QUBIT)
    if channel.n_qubits != 1:
        raise NoiseFileError("A rule with `touched` has a channel on one qubit.")
    return Rule(
        channel, checked.gates, None, frozenset(listed), checked.positions, checked.except_for
    )


_MACHINE = ("basis_gates", "coupling", "n_qubits", "errors", "durations")


def _encode_machine(machine: Machine) -> dict[str, Any]:
    return {
        "basis_gates": None
        if machine.places is None
        else {n: None if t is None else sorted(map(list, t)) for n, t in machine.places},
        "coupling": None if machine.coupling is None else [list(p) for p in machine.coupling],
        "n_qubits": machine.n_qubits,
        "errors": [[name, list(where), value] for (name, where), value in machine.errors],
        "durations": [[name, list(where), value] for (name, where), value in machine.durations],
    }


def _decode_machine(given: Mapping[str, Any]) -> Machine:
    expect_keys(given, list(_MACHINE), "machine")
    n_qubits = given["n_qubits"]
    if n_qubits is not None and expect(n_qubits, int, "n_qubits") > MAX_QUBIT:
        raise NoiseFileError(f"A machine may have {MAX_QUBIT} qubits, got {n_qubits}.")
    basis, coupling = given["basis_gates"], given["coupling"]
    return make_machine(
        None if basis is None else {
            name: None if places is None
            else _tuples(places, "basis_gates")
            for name, places in expect(basis, dict, "basis_gates").items()
        },
        None if coupling is None
        else _tuples(coupling, "coupling"),
        n_qubits,
        _entries(given["errors"], "errors"),
        _entries(given["durations"], "durations"),
    )  # fmt: skip


def _entries(given: Any, name: str) -> dict[tuple[str, tuple[int, ...]], float]:
    found = {}
    for entry in expect(given, list, name):
        gate, where, value = expect(entry, list, name)
        found[expect(gate, str, name), code.qubits(where, MAX_QUBIT)] = code.real(value, name)
    return found
