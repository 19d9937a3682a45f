"""HTTP to the service: what is refused before it is sent, and what ends in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("qiskit_ibm_runtime")

import requests

from circuits.backends.ibm import transport
from circuits.backends.ibm.transport import Transport, check_address, is_loopback
from circuits.errors import AuthenticationError, ServiceUnavailableError

DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"and more"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "compressed": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n",
        b"\x1f\x8b",
    ),
}


@pytest.fixture
def dripping(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers a byte at a time and never comes to an end."""
    start, more = DRIPS[request.param]
    stop = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(start)
                while not stop.wait(0.02):
                    for byte in more:
                        client.sendall(bytes([byte]))
                        if stop.wait(0.02):
                            return
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/jobs/1"
    stop.set()
    server.close()
    thread.join(10)


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", Transport())
    made.mount("https://", Transport())
    return made


@pytest.mark.parametrize("dripping", DRIPS, indirect=True)
def test_answers_that_drip_end(dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.5)
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(ServiceUnavailableError):
        session().get(dripping)
    assert time.monotonic() - start < 60


def test_a_refused_connection_made_no_job() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ServiceUnavailableError) as caught:
        session().post(f"http://127.0.0.1:{port}/jobs", data=b"{}")
    assert caught.value.job_may_exist is False


@pytest.mark.parametrize(
    "address", ["http://quantum.cloud.ibm.com", "HTTP://10.0.0.1/x", "ftp://127.0.0.2.example"]
)
def test_nothing_is_sent_in_the_clear(address: str) -> None:
    with pytest.raises(AuthenticationError, match="not encrypted"):
        check_address(address)


def test_loopback_and_https_are_allowed() -> None:
    for address in ("http://127.0.0.1:1", "http://localhost/x", "http://[::1]:8", "https://x.y"):
        check_address(address)
    assert not is_loopback("http://127.0.0.1.example.com")


@pytest.mark.parametrize(
    ("headers", "verify"), [({"Authorization": "apikey abcdefgh"}, True), ({}, False)]
)
def test_no_key_and_no_unverified_connection(headers: dict[str, str], verify: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/jobs"
        with pytest.raises(AuthenticationError, match="Nothing was sent") as caught:
            session().get(url, headers=headers, verify=verify)
        assert "abcdefgh" not in str(caught.value)
        with pytest.raises(TimeoutError):
            server.accept()
