"""Colours, sizes and words of the matplotlib renderer. Lengths are in distances between wires."""

from __future__ import annotations

from typing import NamedTuple


class Paint(NamedTuple):
    """Colours of a box, and what they mean."""

    face: str
    edge: str
    text: str
    meaning: str


ROLES = {
    "fixed": Paint("#EDF1F7", "#7C8AA0", "#2A3444", "fixed"),
    "input": Paint("#D3F1E8", "#17917A", "#0B4A3F", "data"),
    "weight": Paint("#DFE6FF", "#4A62D8", "#1F2C78", "trainable"),
    "both": Paint("#F3DFF6", "#A144B4", "#561E63", "data and trainable"),
    "channel": Paint("#FDE2DC", "#D4563C", "#74271A", "channel"),
    "measure": Paint("#FFFFFF", "#5B6778", "#2A3444", "measurement"),
}
LEGEND_ROLES = ("fixed", "input", "weight", "both", "channel")

WIRE = "#A8B2C1"
LINK = "#46536A"
LABEL = "#2A3444"
FAINT = "#8C97A8"
BARRIER = "#C9D1DC"
BACKGROUND = "#FFFFFF"

BOX_HEIGHT = 0.62
BOX_ROUNDING = 0.07
COLUMN_GAP = 0.24
PADDING = 0.13
DOT_RADIUS = 0.085
PLUS_RADIUS = 0.18
CROSS_SIZE = 0.11

NAME_SIZE = 0.27
ANGLE_SIZE = 0.185
MARK_SIZE = 0.17
WIRE_LABEL_SIZE = 0.27
LEGEND_SIZE = 0.2

ROW_GAP = 0.75
MARGIN = 0.25
INCHES = 0.55

WIRE_WIDTH = 1.1
LINK_WIDTH = 1.5
BOX_WIDTH = 1.1
