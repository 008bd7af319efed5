"""What can go wrong with the lists on this machine; all of it is for our operator.

OperatorError (node.errors)
└── StoreError           the store cannot be used; nothing was answered from it and nothing was changed
    ├── WrongPepper      the pepper is not the one the lists were keyed with: every lookup would miss
    ├── StoreVersion     made by another version of this program, or SQLite itself is too old to be trusted
    ├── StoreDamaged     a file of the store is missing, cut short or not what it should be
    ├── StoreFull        the disk refused a write; what was acknowledged before it still stands
    └── StoreLimit       more single changes than the store keeps beside its lists; a full import folds them in
"""

from __future__ import annotations

from node.errors import OperatorError


class StoreError(OperatorError):
    """The store cannot be used; ``code`` is stable, ``message`` names cause and remedy and no document number."""


class WrongPepper(StoreError):
    """The pepper differs from the one under which the lists were keyed, so no document would ever be found."""


class StoreVersion(StoreError):
    """The store's schema, or the SQLite library, is of a version this program must not work with."""


class StoreDamaged(StoreError):
    """A file of the store is missing, truncated or not a database; answering from it could be a false clear."""


class StoreFull(StoreError):
    """The disk is full or failing: the change was not taken, and what was acknowledged before it is unharmed."""


class StoreLimit(StoreError):
    """The changes kept beside a list have reached their bound; the message names the import that folds them in."""
