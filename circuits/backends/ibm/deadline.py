"""Connections that are cut when their time is over, whatever the other side does.

A socket's timeout starts anew with every byte that arrives, so a server that drips would hold us.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current = threading.local()


class _Plain(HTTPConnection):
    """Tells the thread's deadline which connection it uses."""

    def request(self, *arguments: Any, **options: Any) -> None:
        _used(self)
        super().request(*arguments, **options)


class _Encrypted(HTTPSConnection):
    """Tells the thread's deadline which connection it uses."""

    def request(self, *arguments: Any, **options: Any) -> None:
        _used(self)
        super().request(*arguments, **options)


@final
class PlainPool(HTTPConnectionPool):
    """Connections that can be cut."""

    ConnectionCls = _Plain


@final
class EncryptedPool(HTTPSConnectionPool):
    """Connections that can be cut."""

    ConnectionCls = _Encrypted


POOLS = {"http": PlainPool, "https": EncryptedPool}


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[threading.Event]:
    """Cuts the connections that this thread uses within the block, if it lasts too long.

    Args:
        seconds: How long it may last. Reading then ends as if the other side had hung up.

    Yields:
        What is set when they are cut. What was read is not complete then, even where it seems so:
        headers that break off are taken for all there are.
    """
    over = threading.Event()
    used: list[Any] = []
    _current.used = used
    timer = threading.Timer(seconds, _cut, [used, over])
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        _current.used = None


def _used(connection: Any) -> None:
    used = getattr(_current, "used", None)
    if used is not None:
        used.append(connection)


def _cut(used: list[Any], over: threading.Event) -> None:
    over.set()
    for connection in used:
        with contextlib.suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)
