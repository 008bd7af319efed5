"""Asking to be let in: one file with everything of a joiner's that the others need, and nothing secret.

Root public keys and how many must sign, the routes it wants to answer for, its first entry, CRL and notice. Whoever is to
approve has the file's fingerprint read back by the joiner, so nobody on the way can put other keys there.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from certs import crl
from certs.crl import Crl
from federation import proposal
from federation.bundle_codec import decode_notice_envelope, encode_notice_envelope
from federation.charter import Charter, RootMember
from federation.charter import read as read_charter
from federation.charter_codec import decode_document, encode_document
from federation.entry import Entry, read_entry
from federation.envelope import Envelope
from federation.notice import Notice, read_notice
from federation.routes import Route
from federation.signed import SignedDocument
from node import carried, charter_draft
from node.carried import count, many, only, text
from node.errors import OperatorError

CODE = "INVALID_REQUEST"
MAX_REQUEST_OCTETS = 4 * 1024 * 1024
_KEYS = "federation economy root_keys signatures_needed routes entry crl notice"


@dataclass(frozen=True, slots=True)
class Request:
    """What a joiner hands over, as it travels: ``crl`` is X.509 DER."""

    federation: str
    member: RootMember
    routes: tuple[Route, ...]
    entry: SignedDocument
    crl: bytes
    notice: Envelope


@dataclass(frozen=True, slots=True)
class Joiner:
    """A request that holds together: all of it is signed by whom it says it is."""

    request: Request
    entry: Entry
    crl: Crl
    notice: Notice
    fingerprint: bytes


def encode(request: Request) -> bytes:
    """The file of a request, always the same for the same one."""
    value = {
        "federation": request.federation,
        "economy": request.member.economy,
        "root_keys": charter_draft.keys_out(request.member.root_keys),
        "signatures_needed": request.member.signatures_needed,
        "routes": [charter_draft.route_out(route) for route in request.routes],
        "entry": base64.b64encode(encode_document(request.entry)).decode(),
        "crl": base64.b64encode(request.crl).decode(),
        "notice": base64.b64encode(encode_notice_envelope(request.notice)).decode(),
    }
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"


def is_request(data: bytes) -> bool:
    """Whether a file is one of these rather than a charter, by its first octet."""
    return data[:1] == b"{"


def parse(path: Path, data: bytes, now: datetime) -> Joiner:
    """The request in a file, verified: entry, CRL and notice are the joiner's own and hold at ``now``.

    Raises OperatorError INVALID_REQUEST for another form; BadDocument, CertsError for what does not prove itself.
    """
    if len(data) > MAX_REQUEST_OCTETS:
        raise OperatorError(CODE, f"{path} is larger than {MAX_REQUEST_OCTETS:,} octets; ask for the right file.")
    value = carried.parse_json(path, data, CODE)
    try:
        request = _request(value)
    except ValueError as error:
        raise OperatorError(CODE, f"{path}: {error}; ask the joiner for the file again.") from None
    return verify(request, data, now)


def verify(request: Request, data: bytes, now: datetime) -> Joiner:
    """The joiner of a request whose file holds ``data``. Raises as `parse`."""
    alone = _charter_of_it_alone(request)
    entry = read_entry(request.entry, alone)
    list_of_ca = crl.read(request.crl, entry.certificates)
    # It may have ended on its way here, and does so within ten days: lookups wait for a fresh one, letting in does not.
    crl.check_newer(None, list_of_ca, now)
    entries = {entry.economy: entry}
    notice = read_notice(request.notice, entries, request.federation, now, list_of_ca.pairs)
    return Joiner(request, entry, list_of_ca, notice, sha256(data).digest())


def _charter_of_it_alone(request: Request) -> Charter:
    """A charter of the joiner alone holds together where its part of the real one can: keys, names and routes."""
    document = proposal.propose([], request.federation, [request.member], request.routes, proposal.DEFAULT_VOTES, 0)
    return read_charter(document)


def _request(value: Any) -> Request:
    item = only(value, _KEYS)
    keys = charter_draft.keys_in(item["root_keys"])
    return Request(
        text(item["federation"]),
        RootMember(text(item["economy"]), tuple(sorted(keys)), count(item["signatures_needed"])),
        tuple(charter_draft.route_in(one) for one in many(item["routes"])),
        decode_document(_octets(item["entry"])),
        _octets(item["crl"]),
        decode_notice_envelope(_octets(item["notice"])),
    )


def _octets(item: Any) -> bytes:
    try:
        return base64.b64decode(text(item), validate=True)
    except binascii.Error:
        raise ValueError("a document in it is no base64") from None
