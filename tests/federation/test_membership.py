"""The directory that follows from the documents held: who is a member, by what right, and what counts for now."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import issue
from certs.csr import CertificateRequest
from certs.identity import NodeName
from certs.profiles import Role
from federation.directory import NO_OTHER_VERSIONS
from federation.documents import DocumentClass, Kind, travel_document
from federation.membership import LocalPolicy, TrustDocuments, assemble, departed, others_digest
from federation.routes import Route
from federation.status import Purpose, RefusalCode
from federation.suspension import SUSPENSION_MS
from federation.trust import Trust
from federation.trust_statements import CoverageRow, Endpoint
from federation.verdict import Reason, Verdict
from tests.caller import Caller, question
from tests.codes import code_of
from tests.fake_lists import passport
from tests.federation.federation_of import Ca, FederationOf, ca_of, everything
from tests.virtual_time import NOW, NOW_MS
from tests.world import World, drawn_key

DAY_MS = 86_400_000
THREE = ("NZL", "AUS", "USA")


@pytest.fixture
def made() -> FederationOf:
    return FederationOf(*THREE)


def leaf_of(ca: Ca, code: str, role: Role = Role.MESSAGE) -> x509.Certificate:
    name = NodeName("lab", code, "node1")
    return issue(ca.certificate, ca.key, CertificateRequest(name, role, drawn_key("a leaf").public_key()), 77, NOW, 30)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


class TestWhatItIsMadeOf:
    def test_each_part_comes_from_the_document_that_may_say_it(self, made: FederationOf) -> None:
        made.enter("AUS", 2, [CoverageRow("AUS", "P", 3, "2020-01-01")])
        directory = made.directory("NZL")
        aus = directory.members["AUS"]
        assert directory.federation == "lab"
        assert directory.members.keys() == set(THREE)
        assert aus.cas == (ca_of("AUS").certificate,)
        assert [(str(node.name), node.addresses, node.roles) for node in aus.nodes] == [
            (str(NodeName("lab", "AUS", "node1")), ("127.0.0.1:7443",), frozenset({"answer", "ask"}))
        ]
        assert aus.routes == (Route("AUS", DocumentClass.P, "*", "AUS"),)
        coverage = aus.covers(passport("AUS"))
        assert coverage is not None
        assert (coverage.kinds, coverage.expiry_from) == (Kind.REPORTED | Kind.ISSUED, "2020-01-01")
        assert directory.routes.resolve(passport("AUS")) == "AUS"

    def test_what_is_granted_is_this_economy_s_own_and_no_other_s_is_known(self, made: FederationOf) -> None:
        directory = made.directory("NZL")
        assert directory.members["NZL"].grants.keys() == directory.members["NZL"].ask == {"AUS", "USA"}
        assert not directory.members["AUS"].grants
        assert not directory.members["AUS"].ask

    def test_being_in_the_charter_opens_nothing(self, made: FederationOf) -> None:
        directory = assemble(made.documents(), "NZL", LocalPolicy(), NOW_MS)
        assert not directory.members["NZL"].grants
        assert not directory.members["NZL"].ask

    def test_requests_name_the_charter_in_force_and_all_else_by_one_digest(self, made: FederationOf) -> None:
        documents = made.documents()
        versions = made.directory("NZL").versions
        assert (versions.charter_version, versions.charter_digest) == (1, made.charter.digest)
        digests = sorted(
            one.digest for some in (documents.entries, documents.crls, documents.notices) for one in some.values()
        )
        assert versions.others_digest == sha256(b"".join(digests)).digest()
        assert len(digests) == 9
        assert others_digest(TrustDocuments(documents.succession)) == NO_OTHER_VERSIONS

    def test_every_document_counts_in_that_digest_whatever_order_it_came_in(self, made: FederationOf) -> None:
        seen = [others_digest(made.documents())]
        for publish in (
            lambda: made.suspend("USA", ("AUS", "NZL")),
            lambda: made.withdraw("USA"),
            lambda: made.enter("AUS", 2),
            lambda: made.list_revoked("AUS", 8),
            lambda: made.notify("AUS", "node1", 2),
        ):
            publish()
            seen.append(others_digest(made.documents()))
        assert len(set(seen)) == len(seen)
        for seed in range(5):
            for published in (made.entries, made.crls, made.notices):
                items = list(published.items())
                random.Random(seed).shuffle(items)
                published.clear()
                published.update(items)  # type: ignore[arg-type]
            assert others_digest(made.documents()) == seen[-1]

    def test_a_member_without_an_entry_has_no_ca_and_nobody_can_be_it(self, made: FederationOf) -> None:
        del made.entries["AUS"]
        directory = made.directory("NZL")
        assert directory.members["AUS"].cas == ()
        code = code_of(lambda: Trust(directory).identify(der(leaf_of(ca_of("AUS"), "AUS")), Role.MESSAGE, NOW))
        assert code is RefusalCode.NOT_MEMBER

    def test_a_member_without_a_notice_has_no_nodes(self, made: FederationOf) -> None:
        made.notices = {uri: one for uri, one in made.notices.items() if "AUS" not in uri}
        assert made.directory("NZL").members["AUS"].nodes == ()

    def test_endpoints_stand_best_first_without_those_of_networks_this_node_is_not_in(self, made: FederationOf) -> None:
        near, first, second = "near.example:443", "first.example:443", "second.example:443"
        places = [(first, "", 0), (second, "", 1), (near, "exchange", 0), (second, "exchange", 0)]
        made.notify("AUS", "node1", 2, *(Endpoint(*place) for place in places))
        assert made.directory("NZL").members["AUS"].nodes[0].addresses == (first, second)
        local = replace(everything(THREE, "NZL"), networks=frozenset({"exchange"}))
        assert made.directory("NZL", local).members["AUS"].nodes[0].addresses == (first, near, second)

    def test_blocks_are_this_economy_s_own(self, made: FederationOf) -> None:
        local = LocalPolicy(blocked=frozenset({"AUS"}))
        assert made.directory("NZL", local).blocked == {"AUS"}
        assert not made.directory("AUS").blocked


class TestLeaving:
    def test_who_withdrew_is_no_member_and_nobody_answers_in_its_place(self, made: FederationOf) -> None:
        routes = [Route("CHN", DocumentClass.P, "*", "AUS"), Route("CHN", DocumentClass.P, "K#######", "USA")]
        made.adopt(THREE, routes)
        made.withdraw("USA")
        directory = made.directory("NZL")
        assert directory.members.keys() == {"NZL", "AUS"}
        assert "USA" not in directory.standings
        assert directory.routes.resolve(travel_document("CHN", "P", "K1234567")) is None
        assert directory.routes.resolve(travel_document("CHN", "P", "E1234567")) == "AUS"

    def test_a_withdrawal_holds_until_the_member_signs_a_later_charter(self, made: FederationOf) -> None:
        made.withdraw("USA")
        made.adopt(THREE, by=("NZL", "AUS"))
        assert departed(made.documents()) == {"USA"}
        made.adopt(THREE)
        assert not departed(made.documents())

    def test_an_economy_that_is_no_member_itself_is_asked_nothing(self, made: FederationOf) -> None:
        made.withdraw("NZL")
        directory = made.directory("NZL")
        assert directory.members.keys() == {"AUS", "USA"}
        assert directory.routes.resolve(passport("NZL")) is None


class TestForks:
    def test_only_what_both_sides_say_is_trusted(self, made: FederationOf) -> None:
        first = made.charters[-1]
        made.adopt(("NZL", "AUS"), by=THREE)
        left = made.charters.pop()
        made.adopt(THREE, by=THREE)
        right = made.charters.pop()
        made.charters = [first, left, right]
        directory = made.directory("NZL")
        assert directory.members.keys() == {"NZL", "AUS"}
        assert directory.charter_version == 2
        assert directory.routes.resolve(passport("USA")) is None

    def test_a_suspension_goes_on_in_a_fork(self, made: FederationOf) -> None:
        """Else whoever can fork could lift every suspension."""
        made.suspend("AUS", ("NZL", "USA"))
        first = made.charters[-1]
        made.adopt(("NZL", "AUS"), by=THREE)
        left = made.charters.pop()
        made.adopt(THREE, by=THREE)
        made.charters = [first, left, made.charters[-1]]
        assert made.directory("NZL").standings["AUS"].suspended == ((NOW_MS, NOW_MS + SUSPENSION_MS),)


class TestSuspensions:
    def suspended(self, made: FederationOf, *, now_ms: int = NOW_MS, local: LocalPolicy | None = None) -> object:
        return made.directory("NZL", local, now_ms).standings["AUS"].suspended

    def test_it_counts_for_72_hours_from_its_start_known_ahead(self, made: FederationOf) -> None:
        starts_at = NOW_MS + DAY_MS
        made.suspend("AUS", ("NZL", "USA"), starts_at)
        assert self.suspended(made) == ((starts_at, starts_at + SUSPENSION_MS),)
        assert self.suspended(made, now_ms=starts_at + SUSPENSION_MS - 1)
        assert not self.suspended(made, now_ms=starts_at + SUSPENSION_MS)

    def test_a_charter_that_admits_somebody_else_ends_none(self, made: FederationOf) -> None:
        made.suspend("AUS", ("NZL", "USA"))
        made.adopt(THREE)
        assert self.suspended(made) == ((NOW_MS, NOW_MS + SUSPENSION_MS),)

    def test_an_economy_lifts_one_for_itself_and_no_other(self, made: FederationOf) -> None:
        lifted = made.suspend("AUS", ("NZL", "USA")).digest.hex()
        local = LocalPolicy(lifted=frozenset({lifted}))
        assert not self.suspended(made, local=local)
        assert made.directory("USA").standings["AUS"].suspended
        made.suspend("AUS", ("AUS",), NOW_MS + DAY_MS)
        assert self.suspended(made, local=local) == ((NOW_MS + DAY_MS, NOW_MS + DAY_MS + SUSPENSION_MS),)

    def test_within_an_economy_others_stop_nothing(self, made: FederationOf) -> None:
        made.suspend("AUS", ("NZL", "USA"))
        assert not made.directory("AUS").standings["AUS"].suspended


class TestCas:
    def test_leaves_of_a_ca_in_every_phase_are_verified_while_its_list_is_fresh(self, made: FederationOf) -> None:
        cas = [ca_of("AUS", "old", "TAINTED"), ca_of("AUS"), ca_of("AUS", "next", "PUBLISHED")]
        made.parties["AUS"].cas = cas
        made.enter("AUS", 2)
        made.list_revoked("AUS")
        trust = Trust(made.directory("NZL"))
        for ca in cas:
            trust.leaf(der(leaf_of(ca, "AUS")), Role.MESSAGE, NOW)

    def test_each_ca_has_a_list_of_its_own(self, made: FederationOf) -> None:
        """A fresh one of the next CA does not make up for that of the CA in use, and a published CA needs none yet."""
        ahead = ca_of("AUS", "next", "PUBLISHED")
        made.parties["AUS"].cas.append(ahead)
        made.enter("AUS", 2)
        trust = Trust(made.directory("NZL"))
        trust.leaf(der(leaf_of(ca_of("AUS"), "AUS")), Role.MESSAGE, NOW)
        assert code_of(lambda: trust.leaf(der(leaf_of(ahead, "AUS")), Role.MESSAGE, NOW)) is RefusalCode.NOT_MEMBER

    def test_a_retired_ca_s_leaves_and_lists_count_for_nothing(self, made: FederationOf) -> None:
        trust = Trust(made.directory("NZL"))
        leaf = trust.leaf(der(leaf_of(ca_of("AUS"), "AUS")), Role.MESSAGE, NOW)
        made.parties["AUS"].cas = [ca_of("AUS", "next")]
        made.enter("AUS", 2)
        made.list_revoked("AUS")
        made.notices.clear()
        trust.adopt(made.directory("NZL"))
        assert code_of(lambda: trust.check(leaf, NOW)) is RefusalCode.NOT_MEMBER
        assert made.directory("NZL").standings["AUS"].crl_until_ms.keys() == {ca_of("AUS", "next").key_id}

    def test_a_ca_of_one_economy_revokes_nothing_of_another_s(self, made: FederationOf) -> None:
        made.list_revoked("USA", leaf_of(ca_of("AUS"), "AUS").serial_number)
        Trust(made.directory("NZL")).leaf(der(leaf_of(ca_of("AUS"), "AUS")), Role.MESSAGE, NOW)


@pytest.fixture
def world(tmp_path: Path, made: FederationOf) -> Iterator[World]:
    """As everywhere, and all that is trusted follows from documents."""
    world = World(tmp_path)
    world.aus.register.issue(passport("AUS"))
    publish(world, made)
    assert clear(world)
    yield world
    world.close()


def publish(world: World, made: FederationOf, local: LocalPolicy | None = None) -> None:
    """All nodes hold what is published by now."""
    now = NOW + timedelta(seconds=world.loop.time())
    for code, economy in world.economies.items():
        economy.trust.adopt(made.directory(code, local, int(now.timestamp() * 1000)))


def clear(world: World) -> bool:
    return world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR


def distrusted(world: World) -> bool:
    """No verdict, and for this reason."""
    judgement = world.ask("NZL", passport("AUS")).judgement
    assert judgement.verdict is Verdict.NO_ANSWER
    return judgement.failure is not None and judgement.failure.reason is Reason.PEER_DISTRUSTED


class TestInAWorld:
    def test_a_caller_revoked_while_it_has_a_session_is_refused_in_it(self, world: World, made: FederationOf) -> None:
        """Oracle 5: no new connection, no new session, and the other members are answered as before."""
        caller, other = Caller(world.nzl, world.aus).open(), Caller(world.usa, world.aus).open()
        assert caller.send(caller.request()) is None
        made.list_revoked("NZL", world.nzl.message.serial_number)
        publish(world, made)
        assert caller.send(caller.request()) is RefusalCode.NOT_MEMBER
        assert other.send(other.request()) is None

    def test_a_tls_leaf_revoked_on_an_open_connection(self, world: World, made: FederationOf) -> None:
        """C14."""
        caller = Caller(world.nzl, world.aus).open()
        made.list_revoked("NZL", world.nzl.tls.serial_number)
        publish(world, made)
        assert caller.send(caller.request()) is RefusalCode.NOT_MEMBER

    def test_a_responder_whose_key_is_revoked_is_believed_under_the_next_one_alone(
        self, world: World, made: FederationOf
    ) -> None:
        old = world.aus.message
        made.list_revoked("AUS", old.serial_number)
        publish(world, made)
        assert distrusted(world)
        world.aus.rekey(days=20)
        assert clear(world)

    def test_a_suspension_bites_both_ways_at_once_and_lets_go_after_72_hours(
        self, world: World, made: FederationOf
    ) -> None:
        """E05, E11."""
        caller = Caller(world.aus, world.nzl).open()
        asked = caller.request(question("NZL"))
        made.suspend("AUS", ("NZL", "USA"))
        publish(world, made)
        assert caller.send(asked) is RefusalCode.SUSPENDED
        assert distrusted(world)
        world.let_pass(SUSPENSION_MS / 1000)
        assert caller.try_open(caller.opening()) is None
        world.aus.register.as_of.update(dict.fromkeys(world.aus.register.as_of, NOW_MS + SUSPENSION_MS))
        assert clear(world)

    def test_who_lifted_a_suspension_goes_on_alone(self, world: World, made: FederationOf) -> None:
        lifted = made.suspend("AUS", ("NZL", "USA")).digest.hex()
        publish(world, made)
        assert distrusted(world)
        local = replace(everything(THREE, "NZL"), lifted=frozenset({lifted}))
        world.nzl.trust.adopt(made.directory("NZL", local))
        assert clear(world)

    def test_a_list_that_nobody_renews_ends_lookups_until_a_fresh_one_comes(
        self, world: World, made: FederationOf
    ) -> None:
        """E06: ten days on its own; the charter stays in force, and every other member is asked as before."""
        made.list_revoked("USA", at=NOW, days=10)
        world.let_pass(10 * 86_400 - 60)
        self.cut_lists(world)
        assert clear(world)
        world.let_pass(61)
        assert distrusted(world)
        assert world.nzl.trust.directory.charter_version == 1
        renew(world, made, "AUS")
        renew(world, made, "NZL")
        assert clear(world)

    def cut_lists(self, world: World) -> None:
        dated = dict.fromkeys(world.aus.register.as_of, NOW_MS + round(world.loop.time() * 1000))
        world.aus.register.as_of.update(dated)

    def test_what_an_asker_still_holds_as_fresh_does_not_help_it_where_its_own_list_is_too_old(
        self, world: World, made: FederationOf
    ) -> None:
        world.let_pass(10 * 86_400 + 1)
        self.cut_lists(world)
        renew(world, made, "AUS")
        failure = world.ask("NZL", passport("AUS")).judgement.failure
        assert failure is not None
        assert (failure.reason, failure.code) == (Reason.REFUSED, RefusalCode.NOT_MEMBER)

    def test_a_member_that_has_left_is_asked_nothing_and_answered_nothing(
        self, world: World, made: FederationOf
    ) -> None:
        caller = Caller(world.aus, world.nzl).open()
        asked = caller.request(question("NZL"))
        made.withdraw("AUS")
        publish(world, made)
        assert caller.send(asked) is RefusalCode.NOT_MEMBER
        judgement = world.ask("NZL", passport("AUS")).judgement
        assert judgement.failure is not None
        assert judgement.failure.reason is Reason.NO_ROUTE

    @pytest.mark.parametrize("state", ["AUS", "UTO"])
    def test_an_economy_that_has_left_answers_nothing_not_even_specimens(
        self, world: World, made: FederationOf, state: str
    ) -> None:
        caller = Caller(world.nzl, world.aus).open()
        made.withdraw("AUS")
        publish(world, made)
        purpose = Purpose.TEST if state == "UTO" else Purpose.VISA
        data = caller.request(question(state), change=lambda statement: replace(statement, purpose=purpose))
        assert caller.send(data) is RefusalCode.NOT_MINE

    def test_an_asker_under_an_older_charter_is_told_so(self, world: World, made: FederationOf) -> None:
        made.adopt(THREE)
        world.aus.trust.adopt(made.directory("AUS"))
        failure = world.ask("NZL", passport("AUS")).judgement.failure
        assert failure is not None
        assert failure.code is RefusalCode.CHARTER_OLD
        publish(world, made)
        assert clear(world)

    def test_a_responder_under_an_older_charter_answers(self, world: World, made: FederationOf) -> None:
        made.adopt(THREE)
        world.nzl.trust.adopt(made.directory("NZL"))
        assert clear(world)


def renew(world: World, made: FederationOf, code: str) -> None:
    at: datetime = NOW + timedelta(seconds=world.loop.time())
    made.list_revoked(code, at=at)
    publish(world, made)
