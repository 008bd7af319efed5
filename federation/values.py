"""Values that are made for every lookup: frozen for the type checker, cheap to make when the program runs.

A frozen dataclass sets each field through ``object.__setattr__``, and a lookup makes some seventy fields: a sixth of
what the interpreter did for an answer. mypy, which every change passes, refuses assignment to these all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:

    def value(*, frozen: bool, slots: bool) -> Any:
        """As ``dataclass(frozen=True, slots=True)``: compared and hashed by value, and not to be altered."""
        if not frozen:
            raise TypeError("a value is frozen")
        return dataclass(slots=slots, unsafe_hash=True)


__all__ = ["value"]
