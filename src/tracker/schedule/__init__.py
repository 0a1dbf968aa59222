"""Replays on a schedule: which jobs there are, when each is due, and what is told of what moved."""
