"""`ketwork search`: what is found, written, resumed and refused."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from circuits import Circuit
from noise import NoiseModel
from noise.channels import Depolarizing
from optim.problems import molecule
from optim.search import SearchResult
from qml.cli.search import _noisy
from qml.cli.search_methods import FAMILIES, METHODS, problem_of
from qml.cli.search_runs import Plan, Progress, Show, evaluator_of, run_all

from .support import is_png, ketwork, result_of, words, works

_PLAIN = [name for name in METHODS if name != "ppo"]
_SAME = ("energy", "candidate", "candidates", "evaluations")


def what(result: SearchResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in _SAME}


def refused(*arguments: object, code: int) -> str:
    """The message of a command that fails."""
    ran = ketwork(*arguments)
    assert ran.code == code, ran.err
    return words(ran.err)


def search(out: Path, *options: object) -> dict[str, Any]:
    works("search", *options, "--out", out)
    return result_of(out)


def test_the_numbers_are_those_of_the_circuit(tmp_path: Path) -> None:
    found = search(
        tmp_path, "--problem", "H2", "--qubits", 2, "--agent", "random", "--budget", 40,
        "--runs", 2, "--seed", 3,
    )  # fmt: skip
    problem = molecule("H2", 2)
    circuit = Circuit.from_qasm_file(tmp_path / "circuit.qasm")
    assert found["energy"] == pytest.approx(problem.energy(circuit), abs=1e-9)
    assert found["error"] == pytest.approx(found["energy"] - problem.ground_energy, abs=1e-12)
    assert found["cnots"] == circuit.count_ops().get("cx", 0)
    assert found["depth"] == circuit.depth()
    assert found["seeds"] == [3, 4]
    assert [run["seed"] for run in found["runs"]] == [3, 4]
    assert found["error"] == pytest.approx(min(run["error"] for run in found["runs"]), abs=1e-9)
    assert all(run["candidates"] == 40 for run in found["runs"])
    assert is_png(tmp_path / "error.png")
    assert is_png(tmp_path / "circuit.png")


@pytest.mark.parametrize("agent", _PLAIN)
def test_every_method_prepares_a_bell_state(agent: str, tmp_path: Path) -> None:
    found = search(tmp_path, "--problem", "bell", "--agent", agent, "--budget", 40)
    assert found["error"] < 1e-6
    assert found["accuracy_reached"]
    assert found["candidates"] <= 40


@pytest.mark.parametrize("name", FAMILIES)
def test_families_of_problems(name: str) -> None:
    usual = FAMILIES[name][1]
    assert problem_of(name.upper(), None).n_qubits == usual
    assert problem_of(name, 2 if name == "bell" else usual + 1).n_qubits >= usual


def test_workers_do_not_change_what_is_found(tmp_path: Path) -> None:
    options: tuple[object, ...] = ("--problem", "ising", "--qubits", 3, "--agent", "anneal")
    options = (*options, "--budget", 60, "--runs", 2)
    alone = search(tmp_path / "one", *options)
    spread = search(tmp_path / "two", *options, "--workers", 2)
    for first, second in zip(alone["runs"], spread["runs"], strict=True):
        assert first["energy"] == pytest.approx(second["energy"], abs=1e-9)
        assert first["candidates"] == second["candidates"]


def test_workers_play_the_episodes_of_one_run(tmp_path: Path) -> None:
    options = ("--problem", "bell", "--agent", "crlqas", "--budget", 30, "--workers", 2)
    assert search(tmp_path, *options)["candidates"] == 30
    kept = SearchResult.load(tmp_path / "seed-0" / "search.json")
    assert kept.method == "crlqas-parallel"
    assert kept.options["ahead"] == 2


def test_an_interrupted_search_goes_on_to_the_same_result(tmp_path: Path) -> None:
    plan = Plan(problem_of("ising", 3), "random", 80)
    seen: list[int] = []

    def note(seed: int, progress: Progress) -> None:
        seen.append(progress.candidates)

    def interrupt(seed: int, progress: Progress) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def run(folder: str, show: Show) -> dict[str, Any]:
        return what(dict(run_all(plan, [5], tmp_path / folder, 1, show))[5])

    whole = run("whole", note)
    with pytest.raises(KeyboardInterrupt):
        run("parts", interrupt)
    seen.clear()
    assert run("parts", note) == whole
    assert min(seen) > 1  # it did not begin anew
    seen.clear()
    assert run("parts", note) == whole
    assert not seen  # nothing ran again


def test_resuming_needs_the_same_settings(tmp_path: Path) -> None:
    options = ["search", "--problem", "bell", "--agent", "random", "--out", tmp_path]
    works(*options, "--budget", 10)
    before = result_of(tmp_path)
    works(*options, "--budget", 10, "--resume")
    after = result_of(tmp_path)
    assert after["energy"] == before["energy"]
    assert after["seconds"] == before["seconds"]  # nothing ran again
    assert "budget 10" in refused(*options, "--budget", 20, "--resume", code=1)
    assert "--resume" in refused(*options, "--budget", 20, code=2)
    works(*options, "--budget", 20, "--overwrite")
    assert result_of(tmp_path)["candidates"] == 20


def test_noise_by_rules(tmp_path: Path) -> None:
    found = search(
        tmp_path, "--problem", "bell", "--agent", "random", "--budget", 12,
        "--noise", "depolarizing:0.02",
    )  # fmt: skip
    assert found["measured"] > found["energy"] + 0.005
    model = NoiseModel().add(Depolarizing(0.02))
    plan = Plan(problem_of("bell", None), "random", 12, noise=model)
    best = SearchResult.load(tmp_path / "seed-0" / "search.json")
    again = evaluator_of(plan, plan.problem, 0).energy(best.candidate)
    assert again == pytest.approx(best.measured, abs=1e-9)


def test_noise_of_a_device_brings_its_coupling(tmp_path: Path) -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    from circuits import cut_out

    device = NoiseModel.from_backend(cut_out(FakeManilaV2(), n_qubits=3))
    assert device.coupling is not None
    couplings = {tuple(sorted(pair)) for pair in device.coupling}
    assert len(couplings) == 2  # a line: one of the three pairs is not coupled
    problem, model = _noisy(problem_of("ghz", 3), "FakeManilaV2")
    assert set(problem.coupling or ()) == couplings
    assert model is not None
    search(
        tmp_path, "--problem", "ghz", "--agent", "random", "--budget", 25, "--max-gates", 12,
        "--noise", "FakeManilaV2",
    )  # fmt: skip
    best = SearchResult.load(tmp_path / "seed-0" / "search.json")
    pairs = {tuple(sorted(gate.qubits)) for gate in best.candidate.gates if gate.name == "cx"}
    assert pairs
    assert pairs <= couplings


def test_shots(tmp_path: Path) -> None:
    found = search(
        tmp_path, "--problem", "bell", "--agent", "random", "--budget", 4, "--shots", 200,
        "--max-evaluations", 20,
    )  # fmt: skip
    assert found["measured"] != found["energy"]


@pytest.mark.parametrize("start", ["mps", "mps-fixed"])
def test_start_from_a_matrix_product_state(start: str, tmp_path: Path) -> None:
    found = search(
        tmp_path, "--problem", "ising", "--qubits", 3, "--agent", "random", "--budget", 3,
        "--start", start,
    )  # fmt: skip
    assert found["error"] < 0.2
    assert (found["cnots"] >= 3) == (start == "mps")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--problem", "H3"], "There is no problem 'H3'"),
        (["--problem", "bell", "--agent", "crlqa"], "Did you mean 'crlqas'"),
        (["--problem", "bell", "--agent", "mcts", "--workers", "2"], "--runs"),
        (["--problem", "bell", "--agent", "adapt", "--max-gates", "5"], "--max-gates"),
        (["--problem", "bell", "--agent", "random", "--preset", "paper"], "--preset"),
        (["--problem", "bell", "--noise", "thunder"], "no fake device"),
        (["--problem", "bell", "--optimizer", "newton"], "There is no optimizer"),
        (["--problem", "bell", "--shots", "100", "--optimizer", "bfgs"], "needs gradients"),
        (["--problem", "bell", "--resume"], "there is no search in"),
        (["--problem", "bell", "--resume", "--overwrite"], "exclude each other"),
        (["--problem", "H2", "--qubits", "7"], "7"),
    ],
)
def test_refused(options: list[str], message: str, tmp_path: Path) -> None:
    if "thunder" in options:
        pytest.importorskip("qiskit_ibm_runtime")
    out = tmp_path / "none"
    assert message in refused("search", *options, "--out", out, code=2)
    assert not (out / "result.json").exists()


def test_help() -> None:
    assert "crlqas" in words(works("search", "--help").out)
