"""A second reading of docs/semantics.md, in plain Python over decoded events: it knows no SQL and no state layer.

`worlds` draws small dense histories, `accounts` and `happenings` fold them under a scope, `terms`, `compute`, `seats`
and `tone` answer from that, and `comparison` holds the answers against those of the projections.
"""
