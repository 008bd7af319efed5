"""The list of members holds together, or is refused with a sentence that says where."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from certs.authority import create_ca
from certs.identity import CaName
from federation.documents import DocumentClass, Kind, ListName, TravelDocument
from federation.errors import InvalidDirectory
from federation.status import Purpose
from tests.fake_lists import passport
from tests.virtual_time import NOW
from tests.world import drawn_key
from tests.written_directory import MAX_DIRECTORY_OCTETS, parse


def ca(economy: str, key: str = "") -> str:
    certificate = create_ca(CaName("lab", economy), drawn_key(key or f"{economy} CA"), 7, NOW)
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def member(economy: str, to: str) -> dict[str, Any]:
    return {
        "economy": economy,
        "cas": [ca(economy)],
        "nodes": [{"name": f"rmas://lab/{economy}/node1", "roles": ["answer", "ask"], "addresses": ["[::1]:7443"]}],
        "routes": [{"issuing_state": economy, "document_class": "P", "pattern": "*"}],
        "coverage": [
            {
                "issuing_state": economy,
                "document_class": "P",
                "kinds": ["REPORTED", "ISSUED"],
                "expiry_from": "2020-01-01",
            }
        ],
        "grants": [
            {
                "to": to,
                "lists": ["reported"],
                "purposes": ["VISA"],
                "until": "2027-01-01T00:00:00Z",
                "reference": "MOU art. 4",
                "rate_per_second": 10,
                "questions_per_day": 20,
            }
        ],
        "ask": [to],
    }


WHOLE = {"federation": "lab", "members": [member("NZL", "AUS"), member("AUS", "NZL")]}
Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> bytes:
    """The directory with something done to its first member."""
    raw = copy.deepcopy(WHOLE)
    edit(raw["members"][0])  # type: ignore[arg-type]
    return json.dumps(raw).encode()


def test_everything_written_is_read() -> None:
    data = json.dumps(WHOLE).encode()
    directory = parse(data)
    assert directory.digest == sha256(data).digest()
    assert directory.versions.charter_version == 0
    assert directory.versions.charter_digest == directory.digest
    nzl = directory.members["NZL"]
    assert nzl.nodes[0].name.uri == "rmas://lab/NZL/node1"
    assert nzl.nodes[0].addresses == ("[::1]:7443",)
    assert nzl.ask == {"AUS"}
    grant = nzl.grants["AUS"]
    assert grant.lists == {ListName.REPORTED}
    assert grant.purposes == {Purpose.VISA}
    assert (grant.rate_per_second, grant.questions_per_day) == (10, 20)
    assert grant.until_ms == 1_798_761_600_000
    coverage = nzl.covers(passport("NZL"))
    assert coverage is not None
    assert (coverage.kinds, coverage.expiry_from) == (Kind.REPORTED | Kind.ISSUED, "2020-01-01")
    assert directory.routes.resolve(passport("NZL")) == "NZL"


def test_what_is_not_covered_is_not_promised() -> None:
    directory = parse(json.dumps(WHOLE).encode())
    assert directory.members["NZL"].covers(passport("AUS")) is None
    assert directory.members["NZL"].covers(TravelDocument("NZL", DocumentClass.V, "X1")) is None


@pytest.mark.parametrize("code", ["DEU", "d"])
def test_an_issuing_state_is_normalised_wherever_it_stands(code: str) -> None:
    def german(one: dict[str, Any]) -> None:
        one["routes"][0]["issuing_state"] = one["coverage"][0]["issuing_state"] = code

    directory = parse(edited(german))
    assert directory.routes.resolve(passport("D")) == "NZL"
    assert directory.members["NZL"].covers(passport("D")) is not None


def rsa_ca() -> str:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return base64.b64encode(built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)).decode()


def unreadable_ca() -> str:
    """A certificate whose key is on a curve that no library knows: the arc of P-256 (1.2.840.10045.3.1.7) ends in 99."""
    der = base64.b64decode(ca("NZL"))
    return base64.b64encode(der.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030163"))).decode()


REFUSED: dict[str, Edit] = {
    "no economy": lambda m: m.pop("economy"),
    "an economy that is no label": lambda m: m.update(economy="nzl"),
    "an economy that is a number": lambda m: m.update(economy=1),
    "an economy twice": lambda m: m.update(member("AUS", "NZL")),
    "no CA list": lambda m: m.pop("cas"),
    "a CA that is no base64": lambda m: m.update(cas=["*"]),
    "a CA that is no certificate": lambda m: m.update(cas=["AAAA"]),
    "a CA on RSA": lambda m: m.update(cas=[rsa_ca()]),
    "a CA on a curve nobody knows": lambda m: m.update(cas=[unreadable_ca()]),
    "the CA of another": lambda m: m.update(cas=[ca("AUS")]),
    "the CA key of another under its own name": lambda m: m.update(cas=[ca("NZL", "AUS CA")]),
    "a node of another economy": lambda m: m["nodes"][0].update(name="rmas://lab/AUS/node2"),
    "a node of another federation": lambda m: m["nodes"][0].update(name="rmas://other/NZL/node1"),
    "a node without a name": lambda m: m["nodes"][0].update(name="node1"),
    "a node twice": lambda m: m["nodes"].append(m["nodes"][0]),
    "addresses that are no list": lambda m: m["nodes"][0].update(addresses="127.0.0.1:1"),
    "roles that are no list": lambda m: m["nodes"][0].update(roles=None),
    "a role there is not": lambda m: m["nodes"][0].update(roles=["answer", "listen"]),
    "a route of a nationality": lambda m: m["routes"][0].update(issuing_state="XXA"),
    "a route for specimens": lambda m: m["routes"][0].update(issuing_state="UTO"),
    "a route with a pattern out of form": lambda m: m["routes"][0].update(pattern="*A"),
    "a route that another has": lambda m: m["routes"][0].update(issuing_state="AUS"),
    "a class there is not": lambda m: m["routes"][0].update(document_class="X"),
    "coverage twice": lambda m: m["coverage"].append(m["coverage"][0]),
    "a kind there is not": lambda m: m["coverage"][0].update(kinds=["EXPIRED"]),
    "kinds that are no list": lambda m: m["coverage"][0].update(kinds="REPORTED"),
    "an expiry that is no date": lambda m: m["coverage"][0].update(expiry_from="2020-02-30"),
    "an expiry that is a number": lambda m: m["coverage"][0].update(expiry_from=2020),
    "a grant twice": lambda m: m["grants"].append(m["grants"][0]),
    "a list there is not": lambda m: m["grants"][0].update(lists=["wanted"]),
    "a purpose there is not": lambda m: m["grants"][0].update(purposes=["CURIOSITY"]),
    "a grant without an end": lambda m: m["grants"][0].pop("until"),
    "an end without a zone": lambda m: m["grants"][0].update(until="2027-01-01T00:00:00"),
    "an end that is no time": lambda m: m["grants"][0].update(until="soon"),
    "a rate in words": lambda m: m["grants"][0].update(rate_per_second="10"),
    "a rate below nothing": lambda m: m["grants"][0].update(rate_per_second=-1),
    "a rate with a fraction": lambda m: m["grants"][0].update(rate_per_second=1.5),
    "a budget that is true": lambda m: m["grants"][0].update(questions_per_day=True),
    "ask that is no list": lambda m: m.update(ask="AUS"),
    "a member that is a text": lambda m: m.clear(),
    "a key there is not": lambda m: m.update(route=[]),
    "a key there is not, in a grant": lambda m: m["grants"][0].update(purpose=[]),
}


@pytest.mark.parametrize("edit", REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_hold_together_is_refused_with_a_sentence(edit: Edit) -> None:
    with pytest.raises(InvalidDirectory) as refused:
        parse(edited(edit))
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b'{"federation": "lab"}',
        b'{"federation": "lab", "members": {}}',
        b'{"federation": "lab", "members": ["NZL"]}',
        b'{"federation": "lab", "members": [], "members": []}',
        b'{"federation": NaN, "members": []}',
        b"[" * 100_000,
        b" " * (MAX_DIRECTORY_OCTETS + 1),
    ],
    ids=lambda data: data[:40].decode("latin-1"),
)
def test_what_is_no_directory_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidDirectory):
        parse(data)


def test_a_repeated_key_is_refused_because_two_readers_could_take_either() -> None:
    data = json.dumps(WHOLE).encode().replace(b'"economy": "NZL"', b'"economy": "AUS", "economy": "NZL"')
    with pytest.raises(InvalidDirectory, match="twice"):
        parse(data)


@given(st.binary(max_size=200))
def test_any_octets_are_a_directory_or_refused(data: bytes) -> None:
    with pytest.raises(InvalidDirectory):
        parse(data)
