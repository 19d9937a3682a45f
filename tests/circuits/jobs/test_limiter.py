"""The limit on submissions a minute, for any pattern of calls, processes and crashes."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.errors import WaitTimeoutError
from circuits.jobs import Ledger, http_error, limiter, retry_after_seconds, schema
from tests.circuits.jobs.support import jobs_in
from tests.support.job_service import FolderService


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection, "memory")
    return connection


def most_in_a_minute(times: list[float]) -> int:
    return max((sum(start <= t < start + 60 for t in times) for start in times), default=0)


@given(
    per_minute=st.integers(1, 5),
    calls=st.lists(
        st.tuples(st.floats(0, 40), st.floats(0, 29), st.floats(0, 1), st.booleans()), max_size=40
    ),
)
def test_no_minute_holds_more(
    per_minute: int, calls: list[tuple[float, float, float, bool]]
) -> None:
    connection = database()
    now, received = 1000.0, []
    ends: list[tuple[float, int]] = []
    for pause, duration, when, crashes in calls:
        now += pause
        for end, number in [item for item in ends if item[0] <= now]:
            limiter.end_turn(connection, number, end)
            ends.remove((end, number))
        turn = limiter.take_turn(connection, "me", per_minute, now)
        assert (turn.number is None) == (turn.wait > 0)
        if turn.number is None:
            assert turn.wait <= 90
            continue
        received.append(now + when * duration)
        if not crashes:
            ends.append((now + duration, turn.number))
    assert most_in_a_minute(received) <= per_minute


def test_waiting_as_long_as_told_is_enough() -> None:
    connection, now = database(), 0.0
    for _ in range(20):
        turn = limiter.take_turn(connection, "me", 3, now)
        if turn.number is None:
            now += turn.wait
            turn = limiter.take_turn(connection, "me", 3, now)
        assert turn.number is not None
        limiter.end_turn(connection, turn.number, now)
    assert now == pytest.approx(6 * 60)


def test_accounts_and_no_limit() -> None:
    connection = database()
    assert limiter.take_turn(connection, "me", 1, 0.0).number is not None
    assert limiter.take_turn(connection, "me", 1, 0.0).wait == 90.0
    assert limiter.take_turn(connection, "you", 1, 0.0).number is not None
    assert limiter.take_turn(connection, "me", None, 0.0).number is not None


def test_a_clock_that_was_set_back() -> None:
    connection = database()
    limiter.take_turn(connection, "me", 1, 1e6)
    turn = limiter.take_turn(connection, "me", 1, 0.0)
    assert 0 < turn.wait <= 90
    assert limiter.take_turn(connection, "me", 1, 1e6 + 91).number is not None


def test_pauses_are_shared_and_the_longest_holds(tmp_path: Path) -> None:
    one, other = Ledger(tmp_path / "x"), Ledger(tmp_path / "x")
    one.pause("me", 50)
    other.pause("me", 5)
    assert 49 < other.pause_left("me") <= 50
    assert one.pause_left("you") == 0


def test_submissions_wait_for_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "WINDOW", 0.5)
    service = FolderService(tmp_path / "server", per_minute=2)
    notes: list[str] = []

    def work(name: int) -> None:
        jobs = jobs_in(tmp_path, service)
        for step in range(2):
            jobs.submit(b"%d %d" % (name, step), progress=lambda p: notes.append(p.note))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(service.times("submit"))
    assert len(times) == 4
    assert times[2] - times[0] >= 0.5
    assert times[3] - times[1] >= 0.5
    assert "the limit on submissions a minute" in notes


def test_a_turn_that_is_far_off_is_not_waited_for(tmp_path: Path) -> None:
    service = FolderService(tmp_path / "server", per_minute=1)
    jobs = jobs_in(tmp_path, service)
    jobs.submit(b"a")
    start = time.monotonic()
    with pytest.raises(WaitTimeoutError, match="limit on submissions") as caught:
        jobs.submit(b"b", timeout=0.05)
    assert time.monotonic() - start < 5.05
    assert not caught.value.job_may_exist
    assert len(service.jobs) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("999999999", 86400.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=100.0) == seconds
    assert http_error(503, "x", retry_after="12").retry_after == 12
