"""Execute the notebooks in place and store their outputs: `python notebooks/execute.py [FILE ...]`.

What changes from run to run without being a result (timestamps, versions, identifiers of the
kernel) is left out, so that an unchanged notebook stays unchanged in the repository.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(notebook: NotebookNode, folder: Path, timeout: float = 600) -> NotebookNode:
    """Run all cells of a notebook in a fresh kernel.

    Args:
        notebook: The notebook; it is changed and returned.
        folder: Working directory of the kernel.
        timeout: Seconds that one cell may take.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    environment = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # "agg" would show no figures
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=environment)
    return notebook


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Leave only metadata that say something about the notebook."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    return notebook


def main(arguments: list[str]) -> None:
    """Execute the given notebooks, or all of them."""
    for path in [Path(a) for a in arguments] or sorted(FOLDER.glob("*.ipynb")):
        start = time.perf_counter()
        notebook = tidy(execute(nbformat.read(path, as_version=4), path.parent))
        nbformat.write(notebook, path)
        kilobytes = path.stat().st_size / 1024
        print(f"{path.name}: {time.perf_counter() - start:.0f} s, {kilobytes:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
