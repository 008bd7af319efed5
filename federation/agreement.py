"""What several charters have in common: whom to trust while it is open which of them is right.

A member counts only with the same root keys and threshold in all, and a number is answered for by an economy only where
all say that economy. To keep the routes that all list is not enough: one charter's `K#######` to Hong Kong stands
above the `CHN *` that both list, and without it mainland China would be asked for Hong Kong's passports, and clear them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from federation.charter import Charter, Membership, RootMember
from federation.routes import Route, holds


def agreement(charters: Sequence[Charter]) -> Membership:
    """The membership by these charters, one or more, of one federation; in whatever order they are given.

    By one charter it is that charter's, with its version and digest; by several the version is the highest, and the
    digest SHA-256 of theirs set end to end, ascending.
    """
    first, *others = charters
    digests = sorted(charter.digest for charter in charters)
    return Membership(
        first.federation,
        max(charter.version for charter in charters),
        sha256(b"".join(digests)).digest() if others else first.digest,
        MappingProxyType(_members(first, others)),
        _routes(charters) if others else first.routes,
    )


def _members(first: Charter, others: Sequence[Charter]) -> Mapping[str, RootMember]:
    return {
        economy: member
        for economy, member in first.members.items()
        if all(other.members.get(economy) == member for other in others)
    }


def _routes(charters: Sequence[Charter]) -> tuple[Route, ...]:
    listed = [frozenset(charter.routes) for charter in charters]
    kept = frozenset.intersection(*listed)
    gone = frozenset.union(*listed) - kept
    while gone:
        # A route that goes leaves its numbers to the next wider one, so that one must go as well.
        gone = frozenset(route for route in kept if any(_would_inherit(route, other) for other in gone))
        kept -= gone
    return tuple(sorted(kept, key=lambda route: (route.issuing_state, route.document_class, route.pattern)))


def _would_inherit(route: Route, gone: Route) -> bool:
    """Whether numbers that ``gone`` gave to another economy would now be this route's."""
    return (
        (route.issuing_state, route.document_class) == (gone.issuing_state, gone.document_class)
        and route.economy != gone.economy
        and holds(route.pattern, gone.pattern)
    )
