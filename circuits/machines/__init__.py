"""Machines that circuits are lowered to: their gates, where they exist, and the translation."""
