"""Noise channels, noise models and error mitigation: empty in this release, filled by a later one."""

__ketwork__ = True
