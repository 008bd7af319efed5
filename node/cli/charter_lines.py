"""What `rmas charter` says of a charter or proposal, to people and to scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from federation.signed import root_key_id
from node import charter_draft
from node.chartering import Count, Proposal, Review
from node.cli.output import plural
from node.spoken import groups
from node.times import rfc3339


def review_facts(reviewed: Review, file: Path) -> dict[str, Any]:
    """The JSON of a proposal beside what it follows."""
    return {
        **_head(reviewed.proposal, file),
        "lapses_at": rfc3339(reviewed.lapses_ms),
        "lapsed": reviewed.lapsed,
        "difference": [line for _, changes in reviewed.differences for line in changes],
        "new_keys": [{"economy": economy, "fingerprint": key.hex()} for economy, key in reviewed.new_keys],
        "votes": [_count_facts(count) for count in reviewed.counts],
        "in_force": reviewed.in_force,
    }


def review_lines(reviewed: Review, file: Path) -> Iterator[str]:
    """The same for people."""
    yield from _head_lines(reviewed.proposal, file)
    for name, changes in reviewed.differences:
        yield f"Against {name}:"
        yield from (f"  {change}" for change in changes)
    if reviewed.new_keys:
        yield "New root keys; have each read to you by its owner, in full:"
        yield from (f"  {economy} {groups(key)}" for economy, key in reviewed.new_keys)
    yield from vote_lines(reviewed)


def vote_lines(reviewed: Review) -> Iterator[str]:
    """Who has signed, who is missing, and what that makes of it."""
    for count in reviewed.counts:
        yield from _count_lines(count)
    if reviewed.in_force:
        yield "It has its votes: nodes that hold the charter before it take it in (`rmas trust take`)."
    elif reviewed.lapsed:
        yield f"It is not in force, and lapsed at {rfc3339(reviewed.lapses_ms)}: propose anew what is still wanted."
    else:
        yield f"It is not in force; it can be approved until {rfc3339(reviewed.lapses_ms)}."


def charter_facts(proposal: Proposal, count: Count, file: Path) -> dict[str, Any]:
    """The JSON of a charter by itself."""
    draft = charter_draft.as_json(charter_draft.draft_of(proposal.charter))
    return {**_head(proposal, file), "charter": draft, "votes": [_count_facts(count)]}


def charter_lines(proposal: Proposal, count: Count, file: Path) -> Iterator[str]:
    """The same for people."""
    charter = proposal.charter
    yield from _head_lines(proposal, file)
    for economy, member in charter.members.items():
        yield f"  {economy}: {member.signatures_needed} of {plural(len(member.root_keys), 'root key')} must sign"
        yield from (f"    {groups(root_key_id(key))}" for key in member.root_keys)
        routes = [f"{r.issuing_state}/{r.document_class}/{r.pattern}" for r in charter.routes if r.economy == economy]
        yield f"    answers for {', '.join(routes) or 'no documents'}"
    yield f"The next charter needs {charter_draft.votes_out(charter.votes)} of the members."
    yield from _count_lines(count)
    if charter.previous:
        yield "`rmas charter difference` says what it changes, and whether it is in force."


def _head(proposal: Proposal, file: Path) -> dict[str, Any]:
    charter = proposal.charter
    return {
        "file": str(file),
        "federation": charter.federation,
        "version": charter.version,
        "digest": charter.digest.hex(),
        "previous": [digest.hex() for digest in charter.previous],
        "proposed_at": rfc3339(charter.proposed_at),
    }


def _head_lines(proposal: Proposal, file: Path) -> Iterator[str]:
    charter = proposal.charter
    yield f"{file}: charter {charter.version} of {charter.federation}, proposed {rfc3339(charter.proposed_at)}"
    yield f"SHA-256 {groups(charter.digest)}"
    yield from (f"follows {groups(digest)}" for digest in charter.previous)


def _count_facts(count: Count) -> dict[str, Any]:
    return {
        "charter": count.charter.version,
        "digest": count.charter.digest.hex(),
        "signed": sorted(count.signed),
        "missing": list(count.missing),
        "needed": count.needed,
    }


def _count_lines(count: Count) -> Iterator[str]:
    yield (
        f"Of the members of {count.charter} {', '.join(sorted(count.signed)) or 'none'} signed: "
        f"{len(count.signed)} of {count.needed} needed; missing: {', '.join(count.missing) or 'none'}."
    )
