"""How much of each kind a node keeps: bounds that let nobody fill another's disk, and the same documents at every node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from federation.errors import BadDocument
from federation.status import DocumentCode
from federation.suspension import Suspension
from node.trust_files import Paper, TrustKind
from node.trust_reading import Reading, Value, economy_of, leaf_end

Slot = tuple[TrustKind, str]
OF_MEMBERS: Final = (TrustKind.ENTRY, TrustKind.CRL, TrustKind.NOTICE)
"""Kinds that each member publishes for itself, in the order in which one needs the other."""

MAX_NODES: Final = 64
MAX_BY_THE_SAME: Final = 16
MAX_SUSPENSIONS: Final = 1024
MAX_ECONOMY_OCTETS: Final = 1024 * 1024


def make_room_for_suspension(
    values: Mapping[Slot, Value], suspension: Suspension, slot: Slot, now_ms: int
) -> list[Slot]:
    """Which suspensions this one displaces: of those by the same members under one charter, 16 are kept.

    The same ones whatever came first. Of a pair's the earliest, since each counts against the later ones; of a member's
    own those that are not over. Raises BadDocument TOO_LARGE when it is itself beyond, or 1,024 are held.
    """
    group = {
        other: one
        for other, one in values.items()
        if isinstance(one, Suspension) and (one.charter_digest, one.by) == (suspension.charter_digest, suspension.by)
    } | {slot: suspension}
    order = sorted(
        group,
        key=lambda other: (suspension.own and group[other].ends_at <= now_ms, group[other].starts_at, other),
    )
    beyond = order[MAX_BY_THE_SAME:]
    total = sum(kind is TrustKind.SUSPENSION for kind, _ in values)
    if slot in beyond or (not beyond and total >= MAX_SUSPENSIONS):
        by = " and ".join(suspension.by)
        message = f"There are more suspensions by {by} than anybody means; have them say which count."
        raise BadDocument(DocumentCode.TOO_LARGE, message)
    return beyond


def make_room_for_member(held: Mapping[Paper, bytes], found: Reading, data: bytes, now: datetime) -> Slot | None:
    """Which notice a document of a member displaces, if any: one whose leaf has ended, of the 64 nodes that a member has.

    Raises BadDocument TOO_LARGE when there is none, or the member's documents would have more than 1 MiB together.
    """
    economy = economy_of(found.paper)
    others = {
        paper: octets
        for paper, octets in held.items()
        if paper.kind in OF_MEMBERS
        and (paper.kind, paper.key) != (found.paper.kind, found.paper.key)
        and economy_of(paper) == economy
    }
    if len(data) + sum(map(len, others.values())) > MAX_ECONOMY_OCTETS:
        message = f"{economy}'s documents have more than {MAX_ECONOMY_OCTETS:,} octets together; have it publish less."
        raise BadDocument(DocumentCode.TOO_LARGE, message)
    nodes = [paper for paper in others if paper.kind is TrustKind.NOTICE]
    if found.paper.kind is not TrustKind.NOTICE or len(nodes) < MAX_NODES:
        return None
    ended = [paper for paper in nodes if leaf_end(others[paper]) < now]
    if not ended:
        message = f"{economy} has {MAX_NODES} nodes with a notice already; one whose certificate has ended makes room."
        raise BadDocument(DocumentCode.TOO_LARGE, message)
    return ended[0].kind, ended[0].key
