"""The command line: one module per group of commands; heavy modules are imported where they are used."""
