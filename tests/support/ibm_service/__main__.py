"""The service's own process: `python -m tests.support.ibm_service FOLDER PORT`.

It writes its port to standard output and ends when standard input does, so it never outlives
whoever started it.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from .server import Service


def main(folder: str, port: str) -> None:
    """Serves until standard input ends."""
    service = Service(Path(folder), int(port))
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print(service.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
