"""Noise channels, noise models and error mitigation. Empty in this release."""

__ketwork__ = True
