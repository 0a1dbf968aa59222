"""What the benchmark is made of: synthetic histories, floors, peers and the table of what was measured."""
