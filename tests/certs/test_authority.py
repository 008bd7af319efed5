"""Issuing: within the CA's name, profile and time, or not at all."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs.authority import create_ca, issue, serial_number
from certs.csr import CertificateRequest, build, check
from certs.errors import IssueRefused
from certs.identity import CaName, NodeName
from certs.keys import public_key_id
from certs.profiles import BACKDATE, PROFILES, Role, alternative_name
from certs.verify import verify_ca, verify_leaf
from tests.certs.forge import NODE, NOW, Economy, forge_ca, new_key

NZL = Economy()


def request(name: NodeName = NODE, role: Role = Role.TLS) -> CertificateRequest:
    return check(build(name, role, new_key()))


@pytest.mark.parametrize("role", [Role.TLS, Role.MESSAGE])
def test_what_the_ca_issues_verifies_for_thirty_days(role: Role) -> None:
    leaf = issue(NZL.ca, NZL.key, request(role=role), 5, NOW)
    assert leaf.not_valid_after_utc - NOW == timedelta(days=30)
    for now in (NOW - timedelta(minutes=59), NOW + timedelta(days=30)):
        assert verify_leaf(leaf, [NZL.ca], role, "lab", now).name == NODE


def test_a_ca_is_bound_to_its_economy_and_to_nothing_else() -> None:
    ca = create_ca(CaName("lab", "NZL"), new_key(), 5, NOW)
    verify_ca(ca, CaName("lab", "NZL"), NOW)
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.NameConstraints([x509.DNSName("nzl.lab")], None)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=0)


def test_the_longest_names_there_are_can_be_issued_for() -> None:
    longest = NodeName("f" * 32, "NZL", "n" * 32)
    economy = Economy(longest.authority)
    leaf = issue(economy.ca, economy.key, request(longest), 5, NOW)
    assert verify_leaf(leaf, [economy.ca], Role.TLS, longest.federation, NOW).name == longest


@pytest.mark.parametrize("name", [NodeName("lab", "AUS", "node1"), NodeName("else", "NZL", "node1")])
def test_a_name_of_another_economy_or_federation_is_not_issued(name: NodeName) -> None:
    with pytest.raises(IssueRefused):
        issue(NZL.ca, NZL.key, request(name), 5, NOW)


def test_another_ca_key_than_the_certificates_is_refused() -> None:
    with pytest.raises(IssueRefused, match="not the key"):
        issue(NZL.ca, new_key(), request(), 5, NOW)


def test_the_cas_own_key_is_not_certified_as_a_leaf() -> None:
    """ATTACKS A10: one key, one purpose, already where the second certificate would be made."""
    with pytest.raises(IssueRefused):
        issue(NZL.ca, NZL.key, check(build(NODE, Role.MESSAGE, NZL.key)), 5, NOW)


@pytest.mark.parametrize("days", [-1, 0, 91, 10_000])
def test_days_outside_the_profile_are_refused(days: int) -> None:
    with pytest.raises(IssueRefused, match="1 to 90 days"):
        issue(NZL.ca, NZL.key, request(), 5, NOW, days)


@pytest.mark.parametrize("serial", [-1, 0, 1 << 159])
def test_a_serial_number_outside_its_range_is_refused(serial: int) -> None:
    with pytest.raises(IssueRefused, match="serial"):
        issue(NZL.ca, NZL.key, request(), serial, NOW)


def test_no_leaf_outlives_its_ca() -> None:
    ca = create_ca(NZL.name, NZL.key, 5, NOW, days=29)
    with pytest.raises(IssueRefused, match="outlive"):
        issue(ca, NZL.key, request(), 5, NOW)
    assert issue(ca, NZL.key, request(), 5, NOW, days=29).not_valid_after_utc == ca.not_valid_after_utc


@pytest.mark.parametrize("away", [-BACKDATE - timedelta(seconds=1), timedelta(days=5 * 365, seconds=1)])
def test_a_ca_that_is_not_current_issues_nothing(away: timedelta) -> None:
    with pytest.raises(IssueRefused):
        issue(NZL.ca, NZL.key, request(), 5, NOW + away)


def test_a_ca_on_another_curve_is_not_made() -> None:
    with pytest.raises(IssueRefused, match="P-256"):
        create_ca(NZL.name, ec.generate_private_key(ec.SECP384R1()), 5, NOW)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        create_ca(NZL.name, new_key(), 5, NOW.replace(tzinfo=None))


def test_serial_numbers_are_positive_and_differ_with_their_random_bytes() -> None:
    assert 0 < serial_number(bytes(16)) < serial_number(b"\xff" * 16) < 1 << 159
    with pytest.raises(ValueError, match="16"):
        serial_number(b"")


def test_a_leaf_names_its_cas_key_as_the_ca_does() -> None:
    """TLS stacks choose among CAs of one name by this, so a CA made elsewhere is followed in its own way."""
    with_own = forge_ca(NZL.key, more=[(x509.SubjectKeyIdentifier(b"own"), False)])
    without = forge_ca(NZL.key)
    named = public_key_id(NZL.key.public_key())
    for ca, expected in ((with_own, b"own"), (without, named), (NZL.ca, named)):
        leaf = issue(ca, NZL.key, request(), 5, NOW)
        assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == expected
    assert NZL.ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest == named


def test_a_certificate_carries_what_its_profile_lists_and_nothing_more() -> None:
    leaf = NZL.leaf(Role.MESSAGE)
    assert {extension.oid for extension in leaf.extensions} == {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.SubjectKeyIdentifier.oid,
        x509.AuthorityKeyIdentifier.oid,
    }
    listed = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert listed == alternative_name(NODE)
    assert set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == (
        PROFILES[Role.MESSAGE].extended_key_usage
    )
