"""One suite that every executor passes."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from circuits.errors import (
    CallCancelledError,
    InvalidArgumentError,
    RemoteError,
    UnsupportedOperationError,
    WaitTimeoutError,
    WorkerDiedError,
)
from optim.executors import Executor, Processes, Ray, Serial, Slurm, call_seed
from tests.optim.executors import work


def until_broken(pool: ProcessPoolExecutor) -> None:
    """Wait until a pool knows that its process is dead: from then on it takes no calls."""
    for _ in range(int(LIMIT / 0.01)):
        try:
            pool.submit(work.square, 1)
        except BrokenProcessPool:
            return
        time.sleep(0.01)
    pytest.fail("the pool did not notice that its process was killed")


LIMIT = 300.0  # seconds that nothing here needs, even on a machine that is busy


def has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


KINDS: dict[str, Callable[[Path], Executor]] = {
    "serial": lambda folder: Serial(),
    "processes": lambda folder: Processes(2),
    "ray": lambda folder: Ray(2),
    "slurm": lambda folder: Slurm(folder / "jobs", 2, cluster="local"),
}
NEEDS = {"ray": "ray", "slurm": "submitit"}
OUTSIDE = [name for name in KINDS if name != "serial"]


@pytest.fixture(scope="module", params=KINDS)
def executor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Executor]:
    yield from opened(request.param, tmp_path_factory.mktemp("executor"))


@pytest.fixture(scope="module", params=OUTSIDE)
def outside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Executor]:
    """An executor whose calls run in other processes."""
    yield from opened(request.param, tmp_path_factory.mktemp("executor"))


def opened(kind: str, folder: Path) -> Iterator[Executor]:
    if kind in NEEDS and not has(NEEDS[kind]):
        pytest.skip(f"needs {NEEDS[kind]}")
    with KINDS[kind](folder) as made:
        yield made


class TestEvery:
    def test_map_keeps_the_order_of_the_items(self, executor: Executor) -> None:
        assert list(executor.map(work.square, range(7), timeout=LIMIT)) == [
            0, 1, 4, 9, 16, 25, 36,
        ]  # fmt: skip

    def test_each_call_is_given_out_once(self, executor: Executor) -> None:
        calls = [executor.submit(work.square, k) for k in range(5)]
        found = list(executor.as_completed(timeout=LIMIT))
        assert sorted(call.key for call in found) == sorted(call.key for call in calls)
        assert sorted(call.result() for call in found) == [0, 1, 4, 9, 16]
        assert list(executor.as_completed(timeout=LIMIT)) == []
        assert all(call.done and call.attempts == 1 and call.seconds >= 0 for call in calls)

    def test_calls_submitted_while_waiting(self, executor: Executor) -> None:
        executor.submit(work.square, 2)
        results = []
        for call in executor.as_completed(timeout=LIMIT):
            results.append(call.result())
            if len(results) < 4:
                executor.submit(work.square, results[-1])
        assert results == [4, 16, 256, 65536]

    def test_chosen_calls_leave_the_others_for_later(self, executor: Executor) -> None:
        calls = [executor.submit(work.square, k) for k in range(4)]
        chosen = [calls[3], calls[1]]
        assert {c.key for c in executor.as_completed(chosen, timeout=LIMIT)} == {
            c.key for c in chosen
        }
        rest = {call.key for call in executor.as_completed(timeout=LIMIT)}
        assert rest == {calls[0].key, calls[2].key}

    def test_exceptions_come_back_with_the_worker_s_traceback(self, executor: Executor) -> None:
        (call,) = executor.as_completed([executor.submit(work.fail, "spilt")], timeout=LIMIT)
        assert isinstance(call.exception(), ValueError)
        with pytest.raises(ValueError, match="spilt") as caught:
            call.result()
        assert "work.py" in str(caught.value.__cause__)
        assert "raise ValueError(message)" in str(caught.value.__cause__)

    def test_exceptions_that_cannot_be_sent_come_back_as_text(self, executor: Executor) -> None:
        (call,) = executor.as_completed([executor.submit(work.fail_unsendably)], timeout=LIMIT)
        assert isinstance(call.exception(), RemoteError)
        assert "Unsendable: one and two" in str(call.exception())

    def test_map_raises_for_the_first_item_that_fails(self, executor: Executor) -> None:
        values = executor.map(work.fail_at_two, range(5), timeout=LIMIT)
        assert [next(values), next(values)] == [0, 1]
        with pytest.raises(ValueError, match="2 is bad"):
            next(values)
        assert list(executor.map(work.square, [3], timeout=LIMIT)) == [9]

    def test_seeds_belong_to_the_items(self, executor: Executor) -> None:
        found = list(executor.map(work.draw, range(5), seed=11, timeout=LIMIT))
        assert found == [work.draw(k, call_seed(11, k)) for k in range(5)]
        assert len({value for _, value in found}) == 5

    def test_keyword_arguments(self, executor: Executor) -> None:
        (call,) = executor.as_completed([executor.submit(work.draw, 3, seed=5)], timeout=LIMIT)
        assert call.result() == work.draw(3, 5)

    def test_answers_are_asked_for_after_they_exist(self, executor: Executor) -> None:
        calls = [executor.submit(work.square, k) for k in range(executor.workers + 1)]
        with pytest.raises(UnsupportedOperationError, match="as_completed"):
            calls[-1].result()
        assert executor.cancel(calls[-1])
        assert calls[-1].cancelled
        with pytest.raises(CallCancelledError):
            calls[-1].result()
        assert not executor.cancel(calls[-1])
        assert len(list(executor.as_completed(timeout=LIMIT))) == len(calls)


class TestOutside:
    def test_they_run_at_the_same_time(self, outside: Executor, tmp_path: Path) -> None:
        path = str(tmp_path / "here")
        calls = [outside.submit(work.wait_for, path, 1), outside.submit(work.leave, path, 2)]
        found = {call.key: call.result() for call in outside.as_completed(timeout=LIMIT)}
        assert found == {calls[0].key: 1, calls[1].key: 2}

    def test_order_of_completion(self, outside: Executor, tmp_path: Path) -> None:
        path = tmp_path / "later"
        slow = outside.submit(work.wait_for, str(path), "slow")
        quick = outside.submit(work.square, 3)
        order = []
        for call in outside.as_completed([slow, quick], timeout=LIMIT):
            order.append(call)
            path.touch()
        assert order == [quick, slow]

    def test_a_call_whose_worker_dies_runs_again(self, outside: Executor, tmp_path: Path) -> None:
        folder = str(tmp_path)
        calls = [outside.submit(work.once_then, folder, k) for k in range(2)]
        calls += [outside.submit(work.square, k) for k in range(3)]
        found = list(outside.as_completed(calls, timeout=LIMIT))
        assert len(found) == len(calls)
        assert [call.result() for call in calls] == [0, 1, 0, 1, 4]
        assert [call.attempts for call in calls] == [2, 2, 1, 1, 1]
        assert (tmp_path / "seen-0").read_text() == "xx"

    def test_a_call_that_kills_every_worker(self, outside: Executor, tmp_path: Path) -> None:
        deadly = outside.submit(work.always_die, str(tmp_path))
        harmless = outside.submit(work.square, 5)
        assert len(list(outside.as_completed([deadly, harmless], timeout=LIMIT))) == 2
        assert harmless.result() == 25
        with pytest.raises(WorkerDiedError, match="always_die"):
            deadly.result()
        assert (tmp_path / "deaths").read_text() == "x" * (1 + outside.retries)

    def test_time_limit(self, outside: Executor, tmp_path: Path) -> None:
        path = tmp_path / "never yet"
        call = outside.submit(work.wait_for, str(path), 4)
        with pytest.raises(WaitTimeoutError, match="1 call"):
            list(outside.as_completed([call], timeout=0.3))
        path.touch()
        assert [c.result() for c in outside.as_completed([call], timeout=LIMIT)] == [4]

    def test_a_running_call_can_be_cancelled(self, outside: Executor, tmp_path: Path) -> None:
        call = outside.submit(work.wait_for, str(tmp_path / "never"), 4)
        assert outside.cancel(call)
        assert [c.cancelled for c in outside.as_completed([call], timeout=LIMIT)] == [True]
        assert list(outside.map(work.square, [6, 7], timeout=LIMIT)) == [36, 49]

    def test_one_thread_each(self, outside: Executor) -> None:
        (call,) = outside.as_completed([outside.submit(work.threads)], timeout=LIMIT)
        threads, process = call.result()
        assert threads == 1
        assert process != os.getpid()

    def test_what_cannot_be_sent(self, outside: Executor) -> None:
        with pytest.raises(UnsupportedOperationError, match="top of a module"):
            outside.submit(lambda: None)
        (call,) = outside.as_completed([outside.submit(work.unsendable_value)], timeout=LIMIT)
        assert call.exception() is not None
        assert list(outside.map(work.square, [3], timeout=LIMIT)) == [9]


class TestClosing:
    @pytest.mark.parametrize("kind", ["serial", "processes", "slurm"])
    def test_it_waits_for_what_was_submitted(self, kind: str, tmp_path: Path) -> None:
        if kind in NEEDS and not has(NEEDS[kind]):
            pytest.skip(f"needs {NEEDS[kind]}")
        executor = KINDS[kind](tmp_path)
        calls = [executor.submit(work.square, k) for k in range(3)]
        executor.close()
        executor.close()
        assert [call.result() for call in calls] == [0, 1, 4]
        with pytest.raises(UnsupportedOperationError, match="closed"):
            executor.submit(work.square, 1)

    def test_an_exception_cancels(self, tmp_path: Path) -> None:
        executor = Processes(1)
        calls = [executor.submit(work.wait_for, str(tmp_path / "n"), k) for k in range(3)]
        with pytest.raises(KeyError), executor:
            raise KeyError
        assert all(call.cancelled for call in calls)


class TestArguments:
    def test_numbers(self) -> None:
        with pytest.raises(InvalidArgumentError, match="workers"):
            Processes(0)
        with pytest.raises(InvalidArgumentError, match="retries"):
            Processes(1, retries=-1)

    def test_calls_of_another_executor(self) -> None:
        with Serial() as first, Serial() as second:
            call = first.submit(work.square, 1)
            with pytest.raises(UnsupportedOperationError, match="not of this executor"):
                list(second.as_completed([call]))
            first.cancel(call)

    def test_threads_of_a_worker(self) -> None:
        with Processes(1, threads=3) as executor:
            (call,) = executor.as_completed([executor.submit(work.threads)], timeout=LIMIT)
            assert call.result()[0] == 3

    def test_an_idle_worker_that_was_killed(self) -> None:
        with Processes(1) as executor:
            (call,) = executor.as_completed([executor.submit(work.threads)], timeout=LIMIT)
            os.kill(call.result()[1], 9)
            until_broken(executor._free[0])
            assert list(executor.map(work.square, [1, 2], timeout=LIMIT)) == [1, 4]

    def test_cluster(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidArgumentError, match="cluster"):
            Slurm(tmp_path, cluster="pbs")
