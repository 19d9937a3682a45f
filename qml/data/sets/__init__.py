"""One module per family of data sets; each offers records for the registry."""
