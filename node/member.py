"""What one economy tells the others about itself, and the directory that is made of everyone's.

Each member writes its own block and hands it over; everyone joins the same blocks into the same bytes, so two
operators can read the SHA-256 to each other over the telephone and know that they trust the same federation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from certs.certificates import encode_der
from certs.identity import CaName, NodeName, parse_uri
from federation import directory
from federation.documents import DocumentClass, Kind, ListName
from federation.routes import Route
from federation.status import Purpose
from node import config_file
from node.errors import OperatorError

DEFAULT_RATE_PER_SECOND = 2000
DEFAULT_QUESTIONS_PER_DAY = 1_000_000
ALL_KINDS = (Kind.REPORTED, Kind.ISSUED, Kind.ISSUED_DATES)


@dataclass(frozen=True, slots=True)
class Grants:
    """The same grant for each of ``to``: lists, purposes, until when and under which agreement."""

    to: Sequence[str]
    until: datetime
    reference: str
    lists: Sequence[ListName] = tuple(ListName)
    purposes: Sequence[Purpose] = tuple(Purpose)


def own_routes(economy: str) -> list[Route]:
    """What most economies answer for: whatever carries their own code as issuing state, of every class."""
    return [Route(economy, document_class, "*", economy) for document_class in DocumentClass]


def block(
    name: NodeName,
    ca: x509.Certificate,
    addresses: Sequence[str],
    routes: Sequence[Route],
    kinds: Sequence[Kind],
    grants: Grants,
    ask: Sequence[str],
) -> dict[str, Any]:
    """The member block of an economy with one node that answers and asks, and promises ``kinds`` for all its routes.

    Raises InvalidName for a peer's code that no member can have.
    """
    for economy in (*grants.to, *ask):
        CaName(name.federation, economy)
    covered = sorted({(route.issuing_state, route.document_class.value) for route in routes})
    return {
        "economy": name.economy,
        "cas": [base64.b64encode(encode_der(ca)).decode()],
        "nodes": [{"name": name.uri, "roles": ["answer", "ask"], "addresses": list(addresses)}],
        "routes": [
            {"issuing_state": r.issuing_state, "document_class": r.document_class.value, "pattern": r.pattern}
            for r in routes
        ],
        "coverage": [
            {
                "issuing_state": state,
                "document_class": document_class,
                "kinds": [kind.name for kind in kinds],
                "expiry_from": None,
            }
            for state, document_class in covered
        ],
        "grants": [_grant(economy, grants) for economy in sorted(grants.to)],
        "ask": sorted(ask),
    }


def _grant(economy: str, grants: Grants) -> dict[str, Any]:
    return {
        "to": economy,
        "lists": [str(one) for one in grants.lists],
        "purposes": [purpose.name for purpose in grants.purposes],
        "until": grants.until.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "reference": grants.reference,
        "rate_per_second": DEFAULT_RATE_PER_SECOND,
        "questions_per_day": DEFAULT_QUESTIONS_PER_DAY,
    }


def kinds_of(lists: Sequence[ListName]) -> tuple[Kind, ...]:
    """The kinds that can be answered from these lists."""
    reported = (Kind.REPORTED,) if ListName.REPORTED in lists else ()
    return (*reported, Kind.ISSUED, Kind.ISSUED_DATES) if ListName.ISSUED in lists else reported


def save(path: Path, value: dict[str, Any]) -> None:
    """Write a member block, over an earlier one."""
    config_file.replace(path, encode(value), mode=0o644)


def encode(value: dict[str, Any]) -> bytes:
    """A block or directory as bytes, always the same for the same content."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True).encode() + b"\n"


def build(blocks: Iterable[dict[str, Any]]) -> bytes:
    """The directory of these members, in whatever order they come.

    Raises OperatorError MEMBER_BLOCK when a block names no node or two federations meet, InvalidDirectory when the
    whole does not hold together.
    """
    members = sorted(blocks, key=lambda member: str(member.get("economy")))
    federations = sorted({_federation(member) for member in members})
    if len(federations) != 1:
        found = " and ".join(federations) or "no member at all"
        raise OperatorError("MEMBER_BLOCK", f"A directory is of one federation, these blocks are of {found}.")
    data = encode({"federation": federations[0], "members": members})
    directory.parse(data)
    return data


def read(path: Path) -> dict[str, Any]:
    """The member block in a file. Raises OperatorError MEMBER_BLOCK."""
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise OperatorError("MEMBER_BLOCK", f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise OperatorError("MEMBER_BLOCK", f"{path} is not JSON; ask its sender for the file again.") from None
    if not isinstance(value, dict):
        raise OperatorError("MEMBER_BLOCK", f"{path} holds no member block; `rmas directory member` makes one.")
    return value


def _federation(member: dict[str, Any]) -> str:
    try:
        return parse_uri(member["nodes"][0]["name"]).federation
    except (KeyError, IndexError, TypeError):
        message = f"The block of {member.get('economy', 'a member')} names no node; `rmas directory member` makes one."
        raise OperatorError("MEMBER_BLOCK", message) from None
