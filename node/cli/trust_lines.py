"""What became of a trust document, to people and to scripts."""

from __future__ import annotations

from node.trust_store import Outcome, Taken


def taken_line(taken: Taken) -> str:
    """What became of one document, in a line."""
    kind = taken.kind or "document"
    if taken.outcome is Outcome.REFUSED:
        return f"refused {kind}: {taken.message} [{taken.code}]"
    note = f" {taken.message} [{taken.code}]" if taken.code else ""
    return f"{taken.outcome} {kind}: {taken.name}{note}"


def own_line(taken: Taken | None) -> str | None:
    """The same of a document of this node's own making; None where there is nothing to say."""
    if taken is None:
        return None
    if taken.outcome is Outcome.REFUSED:
        return f"It was made, but this node does not hold it itself: {taken.message} [{taken.code}]"
    return f"Taken into trust/ as {taken.name}."


def taken_facts(taken: Taken | None) -> dict[str, str | None] | None:
    """The JSON of either; null where no charter is pinned yet."""
    if taken is None:
        return None
    return {
        "kind": taken.kind,
        "name": taken.name or None,
        "outcome": taken.outcome,
        "code": taken.code or None,
        "message": taken.message or None,
    }
