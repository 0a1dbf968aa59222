"""Event books: the YAML files that people write from one report, read, checked against the kept text and written."""
