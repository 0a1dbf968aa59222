"""State: projections over a scoped log, in DuckDB (the only importer of it)."""
