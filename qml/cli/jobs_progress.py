"""The progress of a wait for a job: one changing line on a terminal, a few lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from circuits.jobs import Progress, progress_lines


@contextmanager
def watched(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Shows waits within the block.

    Args:
        console: Where to; a quiet console shows nothing.

    Yields:
        The callback to pass to `Jobs.wait`.
    """
    if console.quiet:
        yield lambda progress: None
    elif not console.is_terminal:
        yield progress_lines()
    else:
        with console.status("") as status:
            yield lambda progress: status.update(escape(str(progress)))
