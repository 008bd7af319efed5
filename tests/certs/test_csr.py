"""Requests: what is asked is exactly a profile, by the holder of the key."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.csr import MAX_REQUEST_BYTES, build, check
from certs.errors import KeyNotAllowed, MalformedRequest, NoPossession
from certs.profiles import PROFILES, Role, alternative_name, subject
from tests.certs.forge import NODE, content, members_of, new_key, tlv

NAMES = alternative_name(NODE)
USAGE = PROFILES[Role.TLS].extended_key_usage_extension()


def pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    *extensions: x509.ExtensionType,
    algorithm: hashes.SHA256 | hashes.SHA512 | None = None,
) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(NODE))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, algorithm or hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize("role", [Role.TLS, Role.MESSAGE])
def test_a_request_says_who_asks_for_what_and_for_which_key(role: Role) -> None:
    key = new_key()
    request = check(build(NODE, role, key))
    assert (request.name, request.role, request.public_key) == (NODE, role, key.public_key())


def test_a_request_by_hand_of_the_same_form_is_as_good() -> None:
    assert check(pem(new_key(), USAGE, NAMES)).name == NODE


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (NAMES,),
        (USAGE,),
        (NAMES, USAGE, x509.BasicConstraints(True, None)),
        (NAMES, USAGE, PROFILES[Role.CA].key_usage_extension()),
        (NAMES, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])),
        (NAMES, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
        (NAMES, x509.ExtendedKeyUsage([*USAGE, *PROFILES[Role.MESSAGE].extended_key_usage])),
        (NAMES, x509.ExtendedKeyUsage([])),
        (x509.SubjectAlternativeName([*NAMES, x509.DNSName("node2.nzl.lab")]), USAGE),
        (x509.SubjectAlternativeName([x509.DNSName(NODE.dns)]), USAGE),
    ],
    ids=[
        "nothing",
        "no role",
        "no name",
        "to be a CA",
        "to sign certificates",
        "another usage",
        "half a role",
        "two roles",
        "the CA's empty usage",
        "two hosts",
        "no URI",
    ],
)
def test_a_request_for_anything_but_one_profile_is_refused(extensions: tuple[x509.ExtensionType, ...]) -> None:
    with pytest.raises(MalformedRequest) as refused:
        check(pem(new_key(), *extensions))
    assert refused.value.code == "CSR_MALFORMED"


def test_a_request_signed_by_another_key_is_refused() -> None:
    """Proof of possession: else one could have another's key certified under one's own name."""
    [mine], [theirs] = (members_of(der_of(build(NODE, Role.TLS, new_key()))) for _ in range(2))
    asked, algorithm, _ = members_of(content(theirs))
    _, _, signature = members_of(content(mine))
    spliced = x509.load_der_x509_csr(tlv(0x30, asked + algorithm + signature))
    with pytest.raises(NoPossession):
        check(spliced.public_bytes(Encoding.PEM))


def der_of(request: bytes) -> bytes:
    return x509.load_pem_x509_csr(request).public_bytes(Encoding.DER)


def test_another_signature_algorithm_is_refused() -> None:
    with pytest.raises(NoPossession):
        check(pem(new_key(), NAMES, USAGE, algorithm=hashes.SHA512()))


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256K1())],
    ids=["P-384", "secp256k1"],
)
def test_another_key_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    """ATTACKS A08."""
    with pytest.raises(MalformedRequest, match="P-256"):
        check(pem(key, NAMES, USAGE))
    with pytest.raises(KeyNotAllowed):
        build(NODE, Role.TLS, key)


def test_an_rsa_request_is_refused() -> None:
    with pytest.raises(NoPossession):
        check(pem(rsa.generate_private_key(65537, 2048), NAMES, USAGE))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        b"-----BEGIN X-----\n" + b"A" * MAX_REQUEST_BYTES,
    ],
)
def test_garbage_is_no_request(data: bytes) -> None:
    with pytest.raises(MalformedRequest):
        check(data)


def test_a_request_too_large_is_refused_though_it_is_right() -> None:
    padding = b"# " + b"x" * MAX_REQUEST_BYTES + b"\n"
    with pytest.raises(MalformedRequest, match="request alone"):
        check(padding + build(NODE, Role.TLS, new_key()))


def test_two_requests_in_one_file_are_refused() -> None:
    """The operator may have read the other one."""
    with pytest.raises(MalformedRequest):
        check(build(NODE, Role.TLS, new_key()) + build(NODE, Role.MESSAGE, new_key()))


def test_a_ca_is_not_asked_for_by_request() -> None:
    with pytest.raises(ValueError, match="create_ca"):
        build(NODE, Role.CA, new_key())
