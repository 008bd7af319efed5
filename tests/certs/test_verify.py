"""Path verification: the right leaf passes, and each hostile one is refused by the step that names its fault."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from certs import errors
from certs.certificates import decode_der
from certs.keys import encode_public, fingerprint, public_key_id
from certs.profiles import Role, alternative_name
from certs.verify import require_distinct_keys, verify_leaf
from tests.certs.forge import NODE, NOW, forge, forge_ca, new_key, with_other_signature, with_serial
from tests.certs.hostile import AUS, HOST, NZL, SECOND, URI, cross_signed, hostile, names, verify


@pytest.mark.parametrize("role", [Role.TLS, Role.MESSAGE])
def test_a_leaf_of_the_package_passes_and_says_who_it_is(role: Role) -> None:
    key = new_key()
    leaf = NZL.leaf(role, key)
    verified = verify(leaf, role=role)
    assert (verified.name, verified.role, verified.fingerprint) == (NODE, role, fingerprint(leaf))
    assert verified.spki == encode_public(key.public_key())
    assert verified.public_key == key.public_key()
    assert (verified.not_before, verified.not_after) == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def test_the_forge_makes_a_right_leaf_when_asked_for_nothing_wrong() -> None:
    """Otherwise a row of the matrix below could be refused for another fault than its own."""
    assert verify(hostile()).name == NODE
    assert verify(hostile(), forge_ca(NZL.key)).name == NODE
    assert verify(decode_der(with_serial(hostile(), NZL.key, b"\x07"))).name == NODE


@pytest.mark.parametrize(("shown", "wanted"), [(Role.TLS, Role.MESSAGE), (Role.MESSAGE, Role.TLS)])
def test_a_leaf_of_one_role_is_refused_in_the_other(shown: Role, wanted: Role) -> None:
    """ATTACKS A04 A10: one key, one purpose."""
    with pytest.raises(errors.WrongPurpose):
        verify(NZL.leaf(shown), role=wanted)


def test_the_validity_holds_to_the_second_at_both_ends() -> None:
    leaf = hostile()
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    verify(leaf, now=start)
    verify(leaf, now=end)
    with pytest.raises(errors.NotYetValid):
        verify(leaf, now=start - SECOND)
    with pytest.raises(errors.Expired):
        verify(leaf, now=end + SECOND)


def test_a_leaf_among_the_cas_opens_nothing() -> None:
    """ATTACKS C06: a leaf that slipped into the list of CAs signs for nobody."""
    key = new_key()
    middle = hostile(key=key)
    with pytest.raises(errors.WrongAuthority):
        verify(forge(key, middle.subject), middle)


def test_the_valid_path_is_found_in_every_order() -> None:
    """ATTACKS C11: an expired, a cross-signed, a foreign and a same-name CA beside the right one never matter."""
    expired, crossed = forge_ca(NZL.key, end=NOW - SECOND), cross_signed(end=NOW - SECOND)
    same_name = forge_ca(new_key())
    others = [expired, crossed, same_name, AUS.ca]
    leaf = hostile()
    for place in range(len(others) + 1):
        cas = [*others[:place], NZL.ca, *others[place:]]
        assert verify(leaf, *cas).name == NODE
        assert verify(leaf, *reversed(cas)).name == NODE
    with pytest.raises(errors.AuthorityExpired):
        verify(leaf, same_name, expired)


def test_no_cas_means_no_leaf() -> None:
    with pytest.raises(errors.UnknownIssuer):
        verify_leaf(hostile(), [], Role.TLS, "lab", NOW)


def test_a_result_ends_with_the_ca_when_that_comes_first() -> None:
    """Kept longer, it would let a leaf outlive the CA that vouches for it."""
    ends, starts = NOW + timedelta(days=3), NOW - timedelta(minutes=5)
    verified = verify(hostile(), forge_ca(NZL.key, end=ends, start=starts))
    assert (verified.not_before, verified.not_after) == (starts, ends)


def test_revocation_names_the_cas_key_and_survives_its_renewal() -> None:
    leaf = hostile(serial=77)
    revoked = {(public_key_id(NZL.key.public_key()), 77)}
    for ca in (NZL.ca, forge_ca(NZL.key)):
        with pytest.raises(errors.Revoked):
            verify_leaf(leaf, [ca], Role.TLS, "lab", NOW, revoked)
    verify_leaf(leaf, [NZL.ca], Role.TLS, "lab", NOW, {(public_key_id(AUS.key.public_key()), 77)})
    verify_leaf(hostile(serial=78), [NZL.ca], Role.TLS, "lab", NOW, revoked)


def test_a_second_signature_of_one_certificate_does_not_escape_revocation() -> None:
    """The fingerprint changes under (r, n-s); so nothing is excluded by fingerprint."""
    leaf = hostile(serial=77)
    twin = decode_der(with_other_signature(leaf))
    assert fingerprint(twin) != fingerprint(leaf)
    assert verify(twin).spki == verify(leaf).spki
    with pytest.raises(errors.Revoked):
        verify_leaf(twin, [NZL.ca], Role.TLS, "lab", NOW, {(public_key_id(NZL.key.public_key()), 77)})


def test_one_key_in_two_roles_is_refused() -> None:
    """ATTACKS A10."""
    key = new_key()
    tls, message = verify(NZL.leaf(Role.TLS, key)), verify(NZL.leaf(Role.MESSAGE, key), role=Role.MESSAGE)
    with pytest.raises(errors.SharedKey):
        require_distinct_keys([tls, message])
    require_distinct_keys([tls, verify(NZL.leaf(Role.MESSAGE), role=Role.MESSAGE)])


def test_a_ca_is_no_role_of_a_leaf() -> None:
    with pytest.raises(ValueError, match="verify_ca"):
        verify(NZL.ca, role=Role.CA)


def test_an_extension_we_do_not_know_is_ignored_unless_it_is_critical() -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")
    assert verify(hostile(instead=[extension])).name == NODE


def test_a_leaf_without_basic_constraints_is_no_ca_and_passes() -> None:
    assert verify(hostile(without=[x509.BasicConstraints])).name == NODE


def test_names_may_stand_in_either_order_and_the_extension_may_be_critical() -> None:
    assert verify(names(HOST, URI)).name == NODE
    critical = hostile(without=[x509.SubjectAlternativeName], critical=[alternative_name(NODE)])
    assert verify(critical).name == NODE


def test_every_refusal_has_a_code_of_its_own_and_a_sentence() -> None:
    classes = errors.CertificateRefused.__subclasses__()
    assert len({error.code for error in classes}) == len(classes)
    with pytest.raises(errors.CertificateRefused) as refused:
        verify(hostile(end=NOW - SECOND))
    assert str(refused.value) == "the certificate of rmas://lab/NZL/node1 has expired; renew it"


def test_what_a_stranger_writes_into_a_certificate_reaches_no_error() -> None:
    text = "INJECTED\r\n{}"
    for leaf in (
        names(x509.UniformResourceIdentifier("rmas://lab/NZL/" + text), HOST),
        names(URI, x509.DNSName(text)),
        forge(new_key(), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])),
    ):
        with pytest.raises(errors.CertificateRefused) as refused:
            verify(leaf)
        assert "INJECTED" not in str(refused.value)


def test_the_clock_must_have_a_zone() -> None:
    with pytest.raises(TypeError):
        verify(hostile(), now=datetime(2026, 11, 20, tzinfo=UTC).replace(tzinfo=None))
