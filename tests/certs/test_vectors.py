"""The published certificates are judged as published, and the specification says what the code does."""

import base64
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from certs import errors
from certs.certificates import decode_der
from certs.profiles import PROFILES, Role, alternative_name
from certs.verify import verify_leaf
from tests.certs.forge import NODE

ROOT = Path(__file__).parent.parent
CASES: list[dict[str, Any]] = json.loads((ROOT / "vectors" / "certificates-v1.json").read_text())["cases"]
SPECIFICATION = (ROOT.parent / "docs" / "spec" / "2-names-and-certificates.md").read_text()


def judge(case: dict[str, Any]) -> tuple[str, str | None]:
    cas = [x509.load_der_x509_certificate(base64.b64decode(ca)) for ca in case["cas"]]
    revoked = [(bytes.fromhex(one["ca_key"]), one["serial"]) for one in case["revoked"]]
    now = datetime.fromisoformat(case["now"])
    try:
        leaf = decode_der(base64.b64decode(case["leaf"]))
        return "OK", verify_leaf(leaf, cas, Role(case["role"]), case["federation"], now, revoked).name.uri
    except errors.CertificateRefused as refused:
        return refused.code, None


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
@pytest.mark.filterwarnings("ignore:.*serial number")  # the library warns where we refuse
def test_a_published_certificate_is_judged_as_published(case: dict[str, Any]) -> None:
    """ATTACKS C02-C09 C11: the same cases another implementation can run."""
    assert judge(case) == (case["result"], case["name"])


def test_every_code_of_a_refusal_is_published_and_specified() -> None:
    codes = {error.code for error in errors.CertificateRefused.__subclasses__()}
    assert {case["result"] for case in CASES} == codes | {"OK"}
    specified = set(re.findall(r"`((?:CERT|CSR)_[A-Z_]+|NAME_INVALID|ISSUE_REFUSED)`", SPECIFICATION))
    others = {
        error.code for error in (errors.InvalidName, errors.MalformedRequest, errors.NoPossession, errors.IssueRefused)
    }
    assert specified - {"CERT_BINDING"} == codes | others  # that one is a refusal on the wire


@pytest.mark.parametrize(
    "extension",
    [
        alternative_name(NODE),
        x509.NameConstraints([x509.DNSName(NODE.authority.dns)], None),
        x509.BasicConstraints(ca=True, path_length=0),
        *(profile.key_usage_extension() for profile in PROFILES.values()),
        *(PROFILES[role].extended_key_usage_extension() for role in (Role.TLS, Role.MESSAGE)),
    ],
    ids=lambda extension: type(extension).__name__,
)
def test_the_worked_octets_of_the_specification_are_ours(extension: x509.ExtensionType) -> None:
    assert f"`{extension.public_bytes().hex()}`" in SPECIFICATION
