"""The store of immutable model versions. Importing it is cheap; publishing imports the rest."""

from tiltyard.store.golden import Golden, Tensor
from tiltyard.store.manifest import Manifest, RowwiseVerdict, TensorSpec
from tiltyard.store.store import Store, VersionEntry, VersionFiles, open_store

__all__ = [
    "Golden",
    "Manifest",
    "RowwiseVerdict",
    "Store",
    "Tensor",
    "TensorSpec",
    "VersionEntry",
    "VersionFiles",
    "open_store",
]
