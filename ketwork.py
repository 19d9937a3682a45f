"""Entry point and identity of the `ketwork` distribution."""

__version__ = "0.1.0"
