"""A small property library and random circuits for the tests of all packages."""
