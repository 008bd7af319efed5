"""Whose certificate this is: held against the CAs of the economy that it names, for its role, now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.identity import NodeName
from certs.profiles import Role
from federation.errors import Refused
from federation.status import BadAnswerCode, RefusalCode
from federation.trust import CACHE_SIZE, Trust, bind
from tests.codes import code_of
from tests.virtual_time import NOW
from tests.world import Economy, World, drawn_key


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def verdict(trust: Trust, encoded: bytes, role: Role) -> RefusalCode | BadAnswerCode | None:
    return code_of(lambda: trust.leaf(encoded, role, NOW))


def test_a_leaf_is_verified_for_its_role_and_named(world: World) -> None:
    leaf = world.nzl.trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
    assert leaf.name == world.aus.name
    assert leaf.fingerprint == world.aus.identity.key_id


def test_a_tls_leaf_comes_as_the_transport_hands_it_over(world: World) -> None:
    assert world.nzl.trust.leaf(pem(world.aus.tls), Role.TLS, NOW).fingerprint == world.aus.identity.tls_leaf


def test_a_message_leaf_has_one_encoding(world: World) -> None:
    """In a statement a certificate is DER and nothing else, so that no two readers take different ones."""
    for encoded in (pem(world.aus.message), der(world.aus.message) + b"\x00", b"\n" + pem(world.aus.message)):
        assert verdict(world.nzl.trust, encoded, Role.MESSAGE) is RefusalCode.NOT_MEMBER


def test_two_certificates_in_one_text_are_refused(world: World) -> None:
    bundle = pem(world.aus.tls) + pem(world.nzl.tls)
    assert verdict(world.nzl.trust, bundle, Role.TLS) is RefusalCode.NOT_MEMBER


def test_a_leaf_of_the_other_role_was_used_for_the_wrong_thing(world: World) -> None:
    """A10."""
    assert verdict(world.nzl.trust, der(world.aus.tls), Role.MESSAGE) is RefusalCode.KEY_PURPOSE
    assert verdict(world.nzl.trust, pem(world.aus.message), Role.TLS) is RefusalCode.KEY_PURPOSE


def test_a_ca_is_no_leaf(world: World) -> None:
    assert verdict(world.nzl.trust, der(world.aus.ca), Role.MESSAGE) is RefusalCode.NOT_MEMBER


def test_a_member_s_ca_cannot_speak_for_another(world: World) -> None:
    """C07: Australia's CA signs a leaf that names New Zealand; the economy named decides which CAs count."""
    stranger = Economy("AUS", world.aus.path, lambda: 0.0)
    named_nzl = issue_unchecked(stranger, NodeName("lab", "NZL", "node1"))
    assert verdict(world.usa.trust, der(named_nzl), Role.MESSAGE) is RefusalCode.NOT_MEMBER


def issue_unchecked(economy: Economy, name: NodeName) -> x509.Certificate:
    """What a CA of its own making would sign: our own code refuses to."""
    template = economy.leaf(Role.MESSAGE, drawn_key("x"))
    builder = x509.CertificateBuilder(
        template.issuer,
        template.subject,
        template.public_key(),
        9,
        template.not_valid_before_utc,
        template.not_valid_after_utc,
    )
    for extension in template.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            value = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name.uri), x509.DNSName(name.dns)])
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(economy.ca_key, template.signature_hash_algorithm)  # type: ignore[arg-type]


def test_an_economy_that_is_no_member_is_refused(world: World) -> None:
    stranger = Economy("PHL", world.aus.path, lambda: 0.0)
    assert verdict(world.nzl.trust, der(stranger.message), Role.MESSAGE) is RefusalCode.NOT_MEMBER


@pytest.mark.parametrize("encoded", [b"", b"-----BEGIN CERTIFICATE-----\n", b"\x30\x03\x02\x01\x00", bytes(9000)])
def test_what_is_no_certificate_is_refused_and_raises_nothing_else(world: World, encoded: bytes) -> None:
    for role in (Role.TLS, Role.MESSAGE):
        assert verdict(world.nzl.trust, encoded, role) is RefusalCode.NOT_MEMBER


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
def test_no_changed_octet_of_a_leaf_passes_or_raises_anything_else(world: World) -> None:
    """A01 in a certificate that a stranger sends: refused, and never an error that would end the call otherwise."""
    encoded = der(world.aus.message)
    for position in range(len(encoded)):
        changed = bytearray(encoded)
        changed[position] ^= 0xFF
        assert verdict(world.nzl.trust, bytes(changed), Role.MESSAGE) in (
            RefusalCode.NOT_MEMBER,
            RefusalCode.KEY_PURPOSE,
        )


class TestRemembered:
    def test_a_leaf_stays_bound_to_its_dates(self, world: World) -> None:
        """Oracle 5: what was verified while it was good is refused when its time is over."""
        trust, encoded = world.nzl.trust, der(world.aus.message)
        leaf = trust.leaf(encoded, Role.MESSAGE, NOW)
        for moment in (leaf.not_before - timedelta(seconds=1), leaf.not_after + timedelta(seconds=1)):
            with pytest.raises(Refused, match="NOT_MEMBER"):
                trust.leaf(encoded, Role.MESSAGE, moment)
        assert trust.leaf(encoded, Role.MESSAGE, leaf.not_after) is leaf

    def test_it_is_remembered_for_one_role_alone(self, world: World) -> None:
        world.nzl.trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
        assert verdict(world.nzl.trust, der(world.aus.message), Role.TLS) is RefusalCode.KEY_PURPOSE

    def test_memory_is_bounded(self, world: World) -> None:
        trust = world.nzl.trust
        leaf = trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
        trust._in_force.verified.update({(place.to_bytes(4, "big"), Role.TLS): leaf for place in range(CACHE_SIZE)})
        trust.leaf(der(world.usa.message), Role.MESSAGE, NOW)
        assert len(trust._in_force.verified) <= CACHE_SIZE

    def test_what_was_refused_is_not_remembered(self, world: World) -> None:
        assert verdict(world.nzl.trust, b"nothing", Role.TLS) is not None
        assert not world.nzl.trust._in_force.verified


class TestBinding:
    def test_both_leaves_name_one_node(self, world: World) -> None:
        """A04."""
        tls = world.nzl.trust.leaf(pem(world.aus.tls), Role.TLS, NOW)
        message = world.nzl.trust.leaf(der(world.usa.message), Role.MESSAGE, NOW)
        assert code_of(lambda: bind(tls, message)) is RefusalCode.CERT_BINDING

    def test_a_sister_node_is_another_node(self, world: World) -> None:
        """A04."""
        sister = world.aus.leaf(Role.MESSAGE, drawn_key("sister"), NodeName("lab", "AUS", "node2"))
        tls = world.nzl.trust.leaf(pem(world.aus.tls), Role.TLS, NOW)
        message = world.nzl.trust.leaf(der(sister), Role.MESSAGE, NOW)
        assert code_of(lambda: bind(tls, message)) is RefusalCode.CERT_BINDING

    def test_one_key_serves_one_role(self, world: World) -> None:
        """A10."""
        shared = world.aus.leaf(Role.MESSAGE, world.aus.tls_key)
        tls = world.nzl.trust.leaf(pem(world.aus.tls), Role.TLS, NOW)
        message = world.nzl.trust.leaf(der(shared), Role.MESSAGE, NOW)
        assert code_of(lambda: bind(tls, message)) is RefusalCode.KEY_PURPOSE
