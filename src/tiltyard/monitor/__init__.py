"""Drift on every request: what is counted, what is computed from the counts, and who is told."""
