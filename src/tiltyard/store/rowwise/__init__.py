"""The static proof that a model treats rows one by one, so that requests may share a batch."""

from tiltyard.store.rowwise.prover import prove

__all__ = ["prove"]
