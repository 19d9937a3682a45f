from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings

from circuits import Circuit, ansatz, encodings, errors
from circuits import gates as g
from circuits.drawing import draw_figure
from tests.circuits.drawing.circuits_to_draw import op_of_every_kind, random_circuits

matplotlib = pytest.importorskip("matplotlib")


def pixels(figure) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


@pytest.mark.parametrize("name", g.TABLE)
def test_every_gate_of_the_table(name):
    plain = pixels(Circuit(5).draw("mpl"))
    drawn = pixels(Circuit(5, [op_of_every_kind(name)]).draw("mpl"))
    assert drawn.shape != plain.shape or np.any(drawn != plain)


@given(circuit=random_circuits())
@settings(max_examples=15)
def test_random_circuits_stay_inside_the_figure(circuit):
    picture = pixels(draw_figure(circuit))[..., :3]
    border = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    assert all(np.all(edge == 255) for edge in border)
    assert np.any(picture < 255)


def test_long_circuits_are_folded_into_even_rows():
    circuit = ansatz.hardware_efficient(3, 6)
    wide = circuit.draw("mpl", fold=None).get_size_inches()
    folded = circuit.draw("mpl", fold=20).get_size_inches()
    assert folded[0] < 20 * 0.55 + 1 < wide[0]
    assert folded[1] > 2 * wide[1] - 1


def test_the_legend_explains_more_than_one_colour():
    circuit = encodings.angle(2) + ansatz.real_amplitudes(2, 1)
    height = {legend: circuit.draw("mpl", legend=legend).get_size_inches()[1]
              for legend in (None, True, False)}  # fmt: skip
    assert height[None] == height[True] > height[False]
    only_data = encodings.angle(2)
    assert only_data.draw("mpl").get_size_inches()[1] < height[True]


def test_drawing_into_given_axes_returns_their_figure():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert draw_figure(Circuit(2, [g.h(0), g.cx(0, 1)]), ax=right) is figure
    assert not left.patches
    assert right.patches
    part = figure.subfigures(1, 2)[0]
    assert draw_figure(Circuit(1), ax=part.subplots()) is figure


def test_scale_enlarges_the_figure():
    circuit = Circuit(2, [g.h(0)])
    small, large = (circuit.draw("mpl", scale=s).get_size_inches() for s in (1.0, 2.0))
    np.testing.assert_allclose(large, 2 * small)


def test_pyplot_is_left_alone_and_matplotlib_imported_late(tmp_path):
    code = (
        "import sys; from circuits import Circuit, gates as g; c = Circuit(2, [g.cx(0, 1)]);"
        "str(c.draw()); assert 'matplotlib' not in sys.modules;"
        f"c.draw('mpl').savefig({str(tmp_path / 'c.png')!r});"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "c.png").stat().st_size > 1000


def test_notebooks_get_a_png():
    assert Circuit(1, [g.h(0)]).draw("mpl")._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fold": 0}, "fold"),
        ({"scale": -1.0}, "scale"),
        ({"max_angle_length": 0}, "max_angle_length"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        Circuit(1).draw("mpl", **options)


def test_scale_has_no_effect_on_given_axes_and_says_so():
    from matplotlib.figure import Figure

    with pytest.raises(errors.InvalidArgumentError, match="scale"):
        draw_figure(Circuit(1), ax=Figure().subplots(), scale=2.0)
