"""Tiny settings for each notebook, and how they get in."""

from __future__ import annotations

import ast

from nbformat import NotebookNode

SETTINGS = {
    "01_circuit_to_hybrid_layer": """
SHOTS = 20
FIT_SAMPLES, FIT_EPOCHS = 20, 2
DIGITS_PER_PART = 40
DIGITS_EPOCHS = 2
SEEDS = (0,)
""",
    "02_noise_and_pauli_transfer_matrices": """
STATES = 100
POINTS = 2
EPOCHS = 2
QUBITS, STEPS = 12, 2
TRAJECTORIES = 10
SHOTS = 200
""",
    "03_error_mitigation": """
TRAINING_CIRCUITS = 2
TWIRLS = 2
BITSTRING_SHOTS = 200
BUDGETS = (3000,)
SEEDS = (0,)
PEC_SAMPLES = 4
EPOCHS = 2
DEPTHS = (1, 2)
""",
    "04_from_simulator_to_hardware": """
DEVICE = "fake:manila:3"
SHOTS = 50
CURVE = 3
EPOCHS = 2
STEPS = 1
BATCH = 2
""",
    "05_images": """
BLOCKS = ("TTN", "U9")
BLOCK_EPOCHS = 1
LAYERS = (1, 2)
EPOCHS = 1
LIMIT = 40
SEEDS = (0,)
""",
    "06_qdsformer": """
MATRICES = 80
EPOCHS = 2
DIGITS_PER_PART = 60
SEEDS = (0,)
SHOTS = (50, 200)
""",
    "07_qkan": """
POINTS = 30
ITERATIONS = 5
SIZES = (1, 2)
SHOTS = 20
DIGITS_STEPS = 2
SEEDS = (0,)
""",
    "08_optimizers": """
EVALUATIONS = 30
CIRCUITS = 90
SEEDS = (0,)
DISTANCES = ("0.7414",)
SHOTS = 100
SHOT_EVALUATIONS = 20
""",
    "09_architecture_search": """
BUDGET = 12
AGENT_BUDGET = 40
NOISY_BUDGET = 4
SEEDS = (0,)
""",
}


def replace_settings(notebook: NotebookNode, source: str) -> NotebookNode:
    """Replace the notebook's first code cell, which must be its settings and set the same names."""
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.metadata.get("tags") == ["settings"], "the first code cell is not the settings"
    assert assigned(first.source) == assigned(source), "the settings have changed: change the test"
    first.source = source
    return notebook


def assigned(source: str) -> set[str]:
    """Names that a piece of code assigns."""
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
