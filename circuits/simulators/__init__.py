"""Simulators: compiled programs, the torch engine, measurement and sampling."""
