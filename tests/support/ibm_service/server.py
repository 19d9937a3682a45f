"""The HTTP side: reads a request, plays the fault that is planned for it, answers."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .answers import Answer, Call, Settings, refusal
from .faults import Fault, FaultTable
from .machine import Worker
from .routes import find
from .store import Store
from .tokens import access

_OPEN = {"token", "search", "catalog"}
"""Endpoints without a bearer token of ours."""


class Service(ThreadingHTTPServer):
    """The whole service on one port of 127.0.0.1.

    Args:
        folder: Where its files are.
        port: 0 takes a free one.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store = Store(folder / "service.sqlite")
        self.store.recover()
        self.settings, self.faults = Settings(), FaultTable()
        self.released = threading.Event()
        self.worker = Worker(self.store)
        self.worker.start()

    def release(self) -> None:
        """Lets all stalled answers go on."""
        self.released.set()
        self.released = threading.Event()

    def control(self, action: str, body: Any) -> Any:
        """What tests ask for; see `IBMService`."""
        with self.store.lock:
            if action == "plan":
                for row in body:
                    self.faults.plan(Fault(**row))
            elif action == "set":
                for name, value in body.items():
                    setattr(self.settings, name, value)
            elif action == "ask":
                return self.store.ask(*body)
            elif action == "pause":
                self.worker.pause(bool(body))
            elif action in {"clear", "reset"}:
                self.faults.clear()
            if action == "reset":
                self.settings = Settings()
                self.store.clear()
        if action in {"release", "clear", "reset"}:
            self.release()
        if action == "reset":
            self.worker.pause(False)
        return {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that were killed break connections; that is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def log_message(self, *arguments: Any) -> None:
        """Requests are in the store."""

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if parts.path.startswith("/stub/"):
            found = self.server.control(parts.path[6:], json.loads(body))
            self._send(Answer(200, found))
            return
        route = find(self.command, parts.path)
        name = route[0] if route else "unknown"
        service = self.server
        with service.store.lock:
            fault = service.faults.take(name)
            ending = service.faults.take("run") if name == "submit" else None
        key, generation = service.settings.key, service.settings.generation
        right = access(self.headers.get("Authorization"), key, generation)
        number = self._note(name, parts.path, right, fault)
        call = Call(
            service.store,
            service.worker,
            service.settings,
            parse_qs(parts.query),
            body,
            fault,
            ending,
        )
        answer = None
        if fault is None or fault.has_effect or fault.kind == "late":
            if name not in _OPEN and right not in {"bearer", "apikey"}:
                answer = refusal(401, 1200, "Not authorised: the token is invalid or expired.")
            elif route is None:
                answer = refusal(404, 1000, "There is no such endpoint.")
            else:
                try:
                    answer = route[1](call)
                except KeyError as error:
                    answer = refusal(404, 1291, f"{error.args[0]} was not found.")
        sent = self._play(fault, answer)
        service.store.ask("UPDATE requests SET status = ? WHERE number = ?", sent, number)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _note(self, name: str, path: str, right: str, fault: Fault | None) -> int:
        with self.server.store.lock:
            self.server.store.ask(
                "INSERT INTO requests (time, call, method, path, auth, version, status, fault) "
                "VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
                *(time.time(), name, self.command, path, right),
                self.headers.get("IBM-API-Version"),
                fault.kind if fault else None,
            )
            return int(self.server.store.ask("SELECT max(number) AS n FROM requests")[0]["n"])

    def _play(self, fault: Fault | None, answer: Answer | None) -> int:
        """Sends what the fault makes of the answer; returns the status that was sent, or 0."""
        kind = fault.kind if fault else "late"
        if fault is None or (answer is not None and kind == "late"):
            assert answer is not None
            return self._send(answer)
        if kind == "answer":
            if fault.body is None:
                answer = refusal(fault.status, 1999, "As planned.")
            else:
                answer = Answer(fault.status, fault.body)
            answer.headers.update(fault.headers)
            return self._send(answer)
        if kind == "drop":
            self._reset()
            return 0
        if kind == "stall":
            self.server.released.wait(fault.seconds)
            self._reset()
            return 0
        assert answer is not None
        head, body = self._bytes(answer)
        if kind == "damage":
            self._write(head + _damaged(body))
            return answer.status
        if kind == "trickle":
            for byte in head + body:
                self._write(bytes([byte]))
                if self.server.released.wait(fault.seconds):
                    break
            self.close_connection = True
            return answer.status
        self._write(head + body[: len(body) // 2])
        if kind == "half":
            self.server.released.wait(fault.seconds)
        self.close_connection = True
        return answer.status

    def _send(self, answer: Answer) -> int:
        head, body = self._bytes(answer)
        self._write(head + body)
        return answer.status

    def _bytes(self, answer: Answer) -> tuple[bytes, bytes]:
        body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        content = body.encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        if answer.status == 204:
            headers = {}
        headers.update(answer.headers)
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode(), content

    def _write(self, content: bytes) -> None:
        self.connection.sendall(content)

    def _reset(self) -> None:
        """Ends the connection as a crash does: by RST instead of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _damaged(body: bytes) -> bytes:
    """Other characters in the middle of the first array, or of the body."""
    array = re.search(rb'"data":"([^"]+)"', body)
    first, last = array.span(1) if array else (0, len(body))
    middle = (first + last) // 2
    others = bytes(ord("B") if byte == ord("A") else ord("A") for byte in body[middle : middle + 4])
    return body[:middle] + others + body[middle + len(others) :]
