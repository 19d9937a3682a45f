"""Readers of file formats: bounded, without pickles, every failure an error that names the file."""
