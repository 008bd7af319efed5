"""What an economy answers for, and grants, unless it says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from federation.documents import DocumentClass, Kind, ListName
from federation.routes import Route

DEFAULT_RATE_PER_SECOND = 2000
DEFAULT_QUESTIONS_PER_DAY = 1_000_000
ALL_KINDS = (Kind.REPORTED, Kind.ISSUED, Kind.ISSUED_DATES)


def own_routes(economy: str) -> list[Route]:
    """What most economies answer for: whatever carries their own code as issuing state, of every class."""
    return [Route(economy, document_class, "*", economy) for document_class in DocumentClass]


def kinds_of(lists: Sequence[ListName]) -> tuple[Kind, ...]:
    """The kinds that can be answered from these lists."""
    reported = (Kind.REPORTED,) if ListName.REPORTED in lists else ()
    return (*reported, Kind.ISSUED, Kind.ISSUED_DATES) if ListName.ISSUED in lists else reported
