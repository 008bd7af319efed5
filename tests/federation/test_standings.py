"""Standings bite in every call, on what is open too: revoked, suspended, blocked, or a revocation list too old to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import create_ca
from certs.identity import CaName
from certs.keys import admit, public_key_id
from certs.profiles import Role
from federation.directory import Directory, Standing
from federation.errors import Distrusted, Refused
from federation.lookup import LOOKUP_METHOD
from federation.status import RefusalCode
from federation.trust import Trust
from federation.verdict import Failure, Reason, Verdict
from tests import faults
from tests.caller import Caller
from tests.codes import code_of
from tests.fake_lists import passport
from tests.virtual_time import NOW, NOW_MS
from tests.world import Carriage, Deliver, Economy, World, drawn_key

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def ca_key(economy: Economy) -> bytes:
    return public_key_id(admit(economy.ca.public_key()))


def good(economy: Economy) -> Standing:
    """Nothing against it, and a list that is fresh for ten days."""
    return Standing(crl_until_ms={ca_key(economy): NOW_MS + 10 * DAY_MS})


def stand(world: World, **standings: Standing) -> None:
    """These standings are known to all from now on; whoever is not named is in good standing."""
    known = {code: standings.get(code, good(economy)) for code, economy in world.economies.items()}
    for economy in world.economies.values():
        economy.trust.adopt(replace(world.directory, standings=known))


def without(economy: Economy, *leaves: x509.Certificate) -> Standing:
    """Its CA has revoked these leaves."""
    revoked = frozenset((ca_key(economy), leaf.serial_number) for leaf in leaves)
    return replace(good(economy), revoked=revoked)


def suspended(economy: Economy, *times: tuple[int, int]) -> Standing:
    return replace(good(economy), suspended=times)


def listed_until(economy: Economy, until_ms: int) -> Standing:
    return Standing(crl_until_ms={ca_key(economy): until_ms})


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@pytest.fixture
def world(world: World) -> World:
    """Everybody is in good standing, and Australia has issued a passport that is clear."""
    world.aus.register.issue(passport("AUS"))
    stand(world)
    return world


class TestTrust:
    @pytest.fixture
    def trust(self, world: World) -> Trust:
        return world.nzl.trust

    def test_a_pinned_directory_asks_for_no_revocation_list(self, world: World) -> None:
        leaf = Trust(world.directory).leaf(der(world.aus.message), Role.MESSAGE, NOW)
        assert leaf.issuer == ca_key(world.aus)
        assert leaf.serial == world.aus.message.serial_number

    @pytest.mark.parametrize("role", [Role.TLS, Role.MESSAGE])
    def test_a_revoked_leaf_is_refused_though_remembered(self, world: World, trust: Trust, role: Role) -> None:
        certificate = world.aus.tls if role is Role.TLS else world.aus.message
        leaf = trust.leaf(der(certificate), role, NOW)
        stand(world, AUS=without(world.aus, certificate))
        for act in (
            lambda: trust.leaf(der(certificate), role, NOW),
            lambda: trust.identify(der(certificate), role, NOW),
            lambda: trust.check(leaf, NOW),
        ):
            with pytest.raises(Distrusted, match="NOT_MEMBER: AUS has revoked the certificate of"):
                act()

    def test_a_serial_number_is_its_own_ca_s(self, world: World, trust: Trust) -> None:
        """Another CA that revokes the same number says nothing of this leaf."""
        stand(world, AUS=replace(good(world.aus), revoked=frozenset({(bytes(32), world.aus.message.serial_number)})))
        assert trust.leaf(der(world.aus.message), Role.MESSAGE, NOW).name == world.aus.name

    @pytest.mark.parametrize(
        ("from_ms", "until_ms", "refused"),
        [
            (NOW_MS, NOW_MS + 1, True),
            (NOW_MS - DAY_MS, NOW_MS + DAY_MS, True),
            (NOW_MS - DAY_MS, NOW_MS, False),
            (NOW_MS + 1, NOW_MS + DAY_MS, False),
        ],
    )
    def test_a_suspension_has_a_first_moment_and_a_last(
        self, world: World, trust: Trust, from_ms: int, until_ms: int, *, refused: bool
    ) -> None:
        stand(world, AUS=suspended(world.aus, (from_ms, until_ms)))
        code = code_of(lambda: trust.leaf(der(world.aus.message), Role.MESSAGE, NOW))
        assert code is (RefusalCode.SUSPENDED if refused else None)

    def test_each_of_several_suspensions_counts(self, world: World, trust: Trust) -> None:
        stand(world, AUS=suspended(world.aus, (NOW_MS - 2, NOW_MS - 1), (NOW_MS - 1, NOW_MS + 1)))
        assert code_of(lambda: trust.check_member("AUS", NOW)) is RefusalCode.SUSPENDED

    def test_a_suspended_member_is_still_known_for_who_it_is(self, world: World, trust: Trust) -> None:
        """A suspension stops lookups and nothing else: its documents are still taken."""
        stand(world, AUS=suspended(world.aus, (NOW_MS, NOW_MS + DAY_MS)))
        leaf = trust.identify(der(world.aus.message), Role.MESSAGE, NOW)
        trust.check(leaf, NOW)
        with pytest.raises(Distrusted, match=r"AUS is suspended until 2026-11-23T08:00:00Z; .+\."):
            trust.check_member("AUS", NOW)

    def test_a_blocked_member_is_refused_and_known(self, world: World, trust: Trust) -> None:
        world.nzl.block("AUS")
        trust.identify(der(world.aus.message), Role.MESSAGE, NOW)
        with pytest.raises(Distrusted, match="SUSPENDED: AUS is blocked here; `rmas peer unblock AUS`"):
            trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
        assert trust.leaf(der(world.usa.message), Role.MESSAGE, NOW).name == world.usa.name

    def test_a_revocation_list_is_good_to_its_last_moment(self, world: World, trust: Trust) -> None:
        stand(world, AUS=listed_until(world.aus, NOW_MS))
        encoded = der(world.aus.message)
        trust.leaf(encoded, Role.MESSAGE, NOW)
        with pytest.raises(Distrusted) as refusal:
            trust.leaf(encoded, Role.MESSAGE, NOW + timedelta(milliseconds=1))
        assert refusal.value.message == (
            f"The revocation list of AUS's CA {ca_key(world.aus).hex()[:16]} has been too old since"
            " 2026-11-22T08:00:00Z; take in a fresh one, which AUS issues with `rmas ca crl`."
        )
        trust.identify(encoded, Role.MESSAGE, NOW + timedelta(days=9))

    @pytest.mark.parametrize("lists", [{}, {bytes(32): NOW_MS + DAY_MS}])
    def test_without_a_list_of_this_very_ca_nothing_is_known(
        self, world: World, trust: Trust, lists: Mapping[bytes, int]
    ) -> None:
        stand(world, AUS=Standing(crl_until_ms=lists))
        with pytest.raises(Distrusted, match=r"NOT_MEMBER: The revocation list of AUS's CA .+ is not held here;"):
            trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)

    def test_a_member_without_a_standing_counts_for_nothing_where_others_have_one(self, world: World) -> None:
        trust = Trust(replace(world.directory, standings={"NZL": good(world.nzl)}))
        assert code_of(lambda: trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)) is RefusalCode.NOT_MEMBER

    def test_a_leaf_kept_from_before_goes_with_its_member_and_its_ca(self, world: World, trust: Trust) -> None:
        leaf = trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
        members = world.directory.members
        retired = replace(members["AUS"], cas=(other_ca(),))
        for changed in ({"NZL": members["NZL"]}, {**members, "AUS": retired}):
            trust.adopt(replace(world.directory, members=changed))
            with pytest.raises(Refused, match="NOT_MEMBER"):
                trust.check(leaf, NOW)

    def test_what_was_verified_under_one_directory_is_not_remembered_under_the_next(
        self, world: World, trust: Trust
    ) -> None:
        trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
        aus = replace(world.directory.members["AUS"], cas=())
        trust.adopt(replace(world.directory, members={**world.directory.members, "AUS": aus}))
        assert code_of(lambda: trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)) is RefusalCode.NOT_MEMBER


def other_ca() -> x509.Certificate:
    return create_ca(CaName("lab", "AUS"), drawn_key("AUS, its next CA"), 7, NOW)


STANDINGS: list[tuple[str, Callable[[Economy], Standing], RefusalCode]] = [
    ("TLS leaf revoked", lambda one: without(one, one.tls), RefusalCode.NOT_MEMBER),
    ("message leaf revoked", lambda one: without(one, one.message), RefusalCode.NOT_MEMBER),
    ("suspended", lambda one: suspended(one, (NOW_MS, NOW_MS + DAY_MS)), RefusalCode.SUSPENDED),
    ("list too old", lambda one: listed_until(one, NOW_MS - 1), RefusalCode.NOT_MEMBER),
]
CASES = [pytest.param(make, code, id=name) for name, make, code in STANDINGS]


class TestAnswering:
    @pytest.mark.parametrize(("make", "code"), CASES)
    def test_it_bites_in_an_open_session_and_at_the_next(
        self, world: World, make: Callable[[Economy], Standing], code: RefusalCode
    ) -> None:
        """E05, E06, C14: nothing is looked up, no session moves, and everybody else is answered as before."""
        caller, other = Caller(world.nzl, world.aus).open(), Caller(world.usa, world.aus).open()
        assert caller.send(caller.request()) is None
        stand(world, NZL=make(world.nzl))
        before = caller.traces()
        assert caller.send(caller.request()) is code
        assert caller.try_open(caller.opening()) is code
        assert caller.traces() == before
        assert other.send(other.request()) is None
        stand(world)
        assert caller.send(caller.request()) is None

    def test_a_suspended_caller_is_named_in_its_refusal_and_a_revoked_one_is_not(self, world: World) -> None:
        """Whoever holds a revoked key may be anybody."""
        caller = Caller(world.nzl, world.aus).open()
        stand(world, NZL=suspended(world.nzl, (NOW_MS, NOW_MS + DAY_MS)))
        answer = caller.answer(caller.request())
        assert (answer.refusal, answer.caller) == (RefusalCode.SUSPENDED, world.nzl.name.uri)
        stand(world, NZL=without(world.nzl, world.nzl.tls))
        answer = caller.answer(caller.request())
        assert (answer.refusal, answer.caller) == (RefusalCode.NOT_MEMBER, "")

    def test_a_list_runs_out_by_the_clock_alone(self, world: World) -> None:
        """E06: nothing need arrive for it; a fresh list brings the answers back."""
        caller = Caller(world.nzl, world.aus).open()
        stand(world, NZL=listed_until(world.nzl, NOW_MS + 5000))
        assert caller.send(caller.request()) is None
        world.let_pass(6)
        assert caller.send(caller.request()) is RefusalCode.NOT_MEMBER
        stand(world, NZL=listed_until(world.nzl, NOW_MS + DAY_MS))
        assert caller.send(caller.request()) is None

    def test_a_suspension_ends_by_the_clock_alone(self, world: World) -> None:
        """E11: after its time the member is answered again, whatever arrived meanwhile."""
        caller = Caller(world.nzl, world.aus).open()
        stand(world, NZL=suspended(world.nzl, (NOW_MS + 1000, NOW_MS + 5000)))
        codes = []
        for _ in range(3):
            codes.append(caller.send(caller.request()))
            world.let_pass(2.5)
        assert codes == [None, RefusalCode.SUSPENDED, None]


def distrusted(world: World) -> Failure:
    """Why New Zealand's border gets no answer from Australia; never a verdict, and never that Australia refused."""
    judgement = world.ask("NZL", passport("AUS")).judgement
    assert judgement.verdict is Verdict.NO_ANSWER
    assert judgement.failure is not None
    assert judgement.failure.reason is Reason.PEER_DISTRUSTED
    return judgement.failure


def asked(world: World) -> int:
    return len(world.nzl.links["AUS"].carried)


class TestAsking:
    @pytest.fixture(autouse=True)
    def clear(self, world: World) -> None:
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR

    def is_clear_again(self, world: World) -> bool:
        stand(world)
        return world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR

    def test_a_suspended_member_is_not_asked(self, world: World) -> None:
        before = asked(world)
        stand(world, AUS=suspended(world.aus, (NOW_MS, NOW_MS + DAY_MS)))
        assert distrusted(world).detail.startswith("AUS is suspended until")
        assert asked(world) == before
        assert self.is_clear_again(world)

    def test_a_blocked_member_is_not_asked(self, world: World) -> None:
        before = asked(world)
        world.nzl.block("AUS")
        assert distrusted(world).detail == "AUS is blocked here; `rmas peer unblock AUS` lets it in again."
        world.let_pass(60)
        assert asked(world) == before
        assert self.is_clear_again(world)

    def test_a_blocked_member_that_is_down_is_said_to_be_blocked(self, world: World) -> None:
        """What this economy decided itself is told before what the network does."""
        link = world.nzl.links["AUS"]
        link.faults.append(faults.lose_request)
        for _ in range(2):
            world.ask("NZL", passport("AUS"))
        assert world.nzl.clients["AUS"].up is False
        world.nzl.block("AUS")
        distrusted(world)
        link.faults.clear()
        stand(world)
        world.let_pass(60)
        assert self.is_clear_again(world)

    @pytest.mark.parametrize("until_ms", [NOW_MS - 1, 0])
    def test_a_member_whose_list_is_too_old_is_not_believed(self, world: World, until_ms: int) -> None:
        """E06: no lookup leaves, for the session has a key of which nobody knows whether it is good."""
        stand(world, AUS=listed_until(world.aus, until_ms))
        assert "The revocation list of AUS's CA" in distrusted(world).detail
        assert [method for method, _, _ in world.nzl.links["AUS"].carried].count(LOOKUP_METHOD) == 1
        assert self.is_clear_again(world)

    def test_a_member_whose_message_leaf_is_revoked_is_not_believed(self, world: World) -> None:
        stand(world, AUS=without(world.aus, world.aus.message))
        assert distrusted(world).detail.startswith("AUS has revoked the certificate of")

    def test_a_member_with_a_new_leaf_in_the_place_of_a_revoked_one_is_asked_under_it(self, world: World) -> None:
        """The session with the old one is given up, without a question lost."""
        old = world.aus.message
        world.aus.rekey(days=20)
        stand(world, AUS=without(world.aus, old))
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR

    @pytest.mark.parametrize(
        "make",
        [pytest.param(make, id=name) for name, make, _ in STANDINGS if name != "TLS leaf revoked"],
    )
    def test_an_answer_is_not_believed_when_it_arrives_too_late(
        self, world: World, make: Callable[[Economy], Standing]
    ) -> None:
        """E05: what was asked while the member was in good standing, and answered when it was so no more."""
        answered = []

        async def meanwhile(carriage: Carriage, deliver: Deliver) -> bytes:
            response = await deliver(carriage.data)
            answered.append(carriage.method)
            world.nzl.trust.adopt(
                replace(world.nzl.trust.directory, standings=with_aus(world.nzl.trust.directory, make(world.aus)))
            )
            return response

        world.nzl.links["AUS"].faults.append(meanwhile)
        distrusted(world)
        assert answered == [LOOKUP_METHOD]

    def test_others_are_asked_as_before(self, world: World) -> None:
        world.usa.register.issue(passport("USA"))
        stand(world, AUS=without(world.aus, world.aus.message))
        assert world.ask("NZL", passport("USA")).judgement.verdict is Verdict.CLEAR


def with_aus(directory: Directory, standing: Standing) -> Mapping[str, Standing]:
    return {**directory.standings, "AUS": standing}


class TestRates:
    def test_a_rate_follows_its_grant_and_another_change_gives_nobody_a_fresh_one(self, world: World) -> None:
        door, directory = world.aus.door, world.directory
        at = world.aus.clock.instant()
        door.take_rate("NZL", 1, at)
        before = door.rates["NZL"]
        world.aus.trust.adopt(replace(directory, blocked=frozenset({"USA"})))
        door.renew_rates()
        assert door.rates["NZL"] is before
        own = directory.members["AUS"]
        grants = {**own.grants, "NZL": replace(own.grants["NZL"], rate_per_second=7)}
        world.aus.trust.adopt(replace(directory, members={**directory.members, "AUS": replace(own, grants=grants)}))
        door.renew_rates()
        door.take_rate("NZL", 1, at)
        assert door.rates["NZL"].per_second == 7

    def test_without_standings_no_leaf_counts(self, world: World) -> None:
        """A directory that knows no revocation lists lets nobody in."""
        trust = Trust(replace(world.directory, standings={}))
        with pytest.raises(Distrusted, match="is not held here"):
            trust.leaf(der(world.aus.message), Role.MESSAGE, NOW)
