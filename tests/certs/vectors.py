"""Makes tests/vectors/certificates-v1.json: `python -m tests.certs.vectors > tests/vectors/certificates-v1.json`.

One case a certificate: what is given, and the one outcome, `OK` or a code of docs/spec/2-names-and-certificates.md.
Keys are new on every run, so the file changes when it is made again; what it says does not.
"""

import base64
import json
import sys
from collections.abc import Sequence
from typing import Any

from cryptography import x509

from certs.certificates import encode_der
from certs.keys import public_key_id
from certs.profiles import Role
from tests.certs.forge import NODE, NOW, forge_ca, new_key, with_other_signature, with_serial
from tests.certs.hostile import NZL, SECOND, hostile
from tests.certs.rows import CAS, LEAVES

# Larger than what the file is worth: their refusal is by size alone.
_TOO_LARGE = {"a thousand host names", "more than 64 KiB"}


def case(
    title: str, leaf: bytes, cas: Sequence[x509.Certificate], result: str, role: Role = Role.TLS, revoked: Any = ()
) -> dict[str, Any]:
    """One case as it stands in the file; octets are base64, digests hexadecimal."""
    return {
        "title": title,
        "role": role.value,
        "federation": "lab",
        "now": NOW.isoformat().replace("+00:00", "Z"),
        "leaf": base64.b64encode(leaf).decode(),
        "cas": [base64.b64encode(encode_der(ca)).decode() for ca in cas],
        "revoked": [{"ca_key": key.hex(), "serial": serial} for key, serial in revoked],
        "result": result,
        "name": NODE.uri if result == "OK" else None,
    }


def accepted() -> list[dict[str, Any]]:
    """Leaves that must pass, by every door that is open."""
    leaf, expired = hostile(), forge_ca(NZL.key, end=NOW - SECOND)
    return [
        case("a TLS leaf", encode_der(NZL.leaf(Role.TLS)), [NZL.ca], "OK"),
        case("a message leaf", encode_der(NZL.leaf(Role.MESSAGE)), [NZL.ca], "OK", Role.MESSAGE),
        case("an expired CA of the same key before the right one", encode_der(leaf), [expired, NZL.ca], "OK"),
        case("a CA of the same name before the right one", encode_der(leaf), [forge_ca(new_key()), NZL.ca], "OK"),
        case("the CA's signature as (r, n-s)", with_other_signature(leaf), [NZL.ca], "OK"),
        case("in its last second", encode_der(hostile(end=NOW)), [NZL.ca], "OK"),
        case("in its first second", encode_der(hostile(start=NOW)), [NZL.ca], "OK"),
    ]


def refused() -> list[dict[str, Any]]:
    """Leaves that must be refused, each with one code."""
    leaf = encode_der(hostile(serial=77))
    taken_back = [(public_key_id(NZL.key.public_key()), 77)]
    return [
        *(
            case(title, encode_der(make()), [NZL.ca], error.code)
            for _, title, make, error in LEAVES
            if title not in _TOO_LARGE
        ),
        *(case("under a CA: " + title, leaf, [make()], error.code) for title, make, error in CAS),
        case("a message leaf as TLS leaf", encode_der(NZL.leaf(Role.MESSAGE)), [NZL.ca], "CERT_PURPOSE"),
        case("a TLS leaf as message leaf", encode_der(NZL.leaf(Role.TLS)), [NZL.ca], "CERT_PURPOSE", Role.MESSAGE),
        case("serial number 0", with_serial(hostile(), NZL.key, b"\x00"), [NZL.ca], "CERT_MALFORMED"),
        case("serial number -1", with_serial(hostile(), NZL.key, b"\xff"), [NZL.ca], "CERT_MALFORMED"),
        case("an octet after the certificate", leaf + b"\x00", [NZL.ca], "CERT_MALFORMED"),
        case("revoked", leaf, [NZL.ca], "CERT_REVOKED", revoked=taken_back),
        case("revoked, with the CA renewed since", leaf, [forge_ca(NZL.key)], "CERT_REVOKED", revoked=taken_back),
    ]


if __name__ == "__main__":
    json.dump({"version": 1, "cases": [*accepted(), *refused()]}, sys.stdout, indent=1)
    sys.stdout.write("\n")
