"""Proposing a charter: making one, saying what it would change, and until when it may be approved.

(docs/spec/9-trust.md, 9.2 and 9.3.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from federation.charter import Charter, RootMember, next_version, read, votes_needed
from federation.charter_codec import CharterStatement, encode_charter
from federation.envelope import PayloadType
from federation.errors import BadDocument
from federation.routes import Route
from federation.signed import SignedDocument, root_key_id
from federation.status import DocumentCode

DEFAULT_VOTES: Final = (2, 3)
PROPOSAL_MS: Final = 180 * 86_400_000
AHEAD_MS: Final = 86_400_000  # root keys live on machines without a network, whose clocks nobody sets


def propose(
    parents: Sequence[Charter],
    federation: str,
    members: Iterable[RootMember],
    routes: Iterable[Route],
    votes: tuple[int, int],
    proposed_at: int,
) -> SignedDocument:
    """A charter to follow all of ``parents`` (none for the first), not signed by anybody yet.

    Raises BadDocument as ``read`` does: what nobody could take in is not proposed.
    """
    statement = CharterStatement(
        federation,
        next_version(parents),
        tuple(sorted(parent.digest for parent in parents)),
        proposed_at,
        votes,
        tuple(sorted((one.economy, tuple(sorted(one.root_keys)), one.signatures_needed) for one in members)),
        tuple(sorted((one.issuing_state, one.document_class, one.pattern, one.economy) for one in routes)),
    )
    document = SignedDocument(PayloadType.CHARTER.value, encode_charter(statement))
    read(document)
    return document


def require_current_proposal(charter: Charter, now_ms: int) -> None:
    """For approving alone: a charter that has its votes never ends, whenever it is taken in.

    Raises BadDocument: LAPSED 180 days after it was proposed, NOT_YET when that lies more than a day ahead.
    """
    if now_ms >= charter.proposed_at + PROPOSAL_MS:
        raise BadDocument(
            DocumentCode.LAPSED, "The charter was proposed more than 180 days ago; propose anew what is still wanted."
        )
    if charter.proposed_at > now_ms + AHEAD_MS:
        raise BadDocument(
            DocumentCode.NOT_YET,
            "The charter is proposed from a time to come; compare the clock here with its maker's.",
        )


def difference(old: Charter | None, new: Charter) -> list[str]:
    """What ``new`` changes, a sentence a change, for whoever is to approve it; everything is new where ``old`` is None.

    Nothing in it but codes, figures and the first 16 hexadecimal digits of key ids: a charter has no free text.
    """
    before = {} if old is None else old.members
    lines = [f"{economy} leaves." for economy in sorted(set(before) - set(new.members))]
    for economy, member in sorted(new.members.items()):
        was = before.get(economy)
        lines += [_joins(member)] if was is None else _changes(was, member)
    lines += _rule(old, new)
    old_routes = set() if old is None else set(old.routes)
    lines += [f"Route removed: {route}." for route in _ordered(old_routes - set(new.routes))]
    lines += [f"Route added: {route}." for route in _ordered(set(new.routes) - old_routes)]
    return lines or ["Nothing changes but the version."]


def _joins(member: RootMember) -> str:
    keys = ", ".join(_short(key) for key in member.root_keys)
    count = len(member.root_keys)
    if count == 1:
        return f"{member.economy} joins with the root key {keys}."
    return f"{member.economy} joins with {count} root keys, of which {member.signatures_needed} must sign: {keys}."


def _changes(was: RootMember, member: RootMember) -> Iterator[str]:
    for key in sorted(set(was.root_keys) - set(member.root_keys)):
        yield f"{member.economy}: root key {_short(key)} is removed."
    for key in sorted(set(member.root_keys) - set(was.root_keys)):
        yield f"{member.economy}: root key {_short(key)} is added."
    if was.signatures_needed != member.signatures_needed:
        yield (
            f"{member.economy}: {member.signatures_needed} of its {len(member.root_keys)} root keys must sign,"
            f" so far {was.signatures_needed} of {len(was.root_keys)}."
        )


def _rule(old: Charter | None, new: Charter) -> Iterator[str]:
    numerator, denominator = new.votes
    now = f"{votes_needed(new)} of {len(new.members)} members"
    if old is None:
        yield f"Changing it takes {numerator}/{denominator} of the members: {now}."
    elif old.votes != new.votes:
        share = "{}/{}".format(*old.votes)
        yield f"Changing it takes {numerator}/{denominator} of the members, so far {share}: {now}."
    elif votes_needed(old) != votes_needed(new):
        yield f"Changing it takes {now}, so far {votes_needed(old)} of {len(old.members)}."


def _short(key: bytes) -> str:
    return root_key_id(key).hex()[:16]


def _ordered(routes: Iterable[Route]) -> list[Route]:
    return sorted(routes, key=str)
