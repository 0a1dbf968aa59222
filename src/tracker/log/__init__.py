"""The append-only log: what was recorded, in its order, and the only importer of eventsourcing."""
