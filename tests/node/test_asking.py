"""Asking: one result a document, recorded before it is shown, and "no answer" for whatever goes wrong."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from federation import codec
from federation.documents import Kind, ListName
from federation.lookup import LOOKUP_METHOD, case_number
from federation.status import Purpose, RefusalCode
from federation.verdict import Advice, Captured, Failure, Reason, Verdict
from node.asking import Enquiry, Rules
from node.enquiry import DocumentInput
from node.spool import Entry, Event, SpoolFull
from tests import faults
from tests.fake_lists import HOUR_MS, as_read, passport
from tests.faults import only, refusing, resealed
from tests.virtual_time import NOW_MS
from tests.world import ECONOMIES, Carriage, Deliver, World

UTO_MRZ = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")


def lookups(world: World, economy: str = "AUS") -> int:
    """How many lookups reached an economy."""
    return sum(method == LOOKUP_METHOD for method, _, _ in world.nzl.links[economy].carried)


@contextmanager
def made(path: Path, edit: Callable[[dict[str, dict[str, Any]]], None]) -> Iterator[World]:
    """A world with another directory."""
    world = World(path / "made", edit=edit)
    yield world
    world.close()


class TestResult:
    def test_it_says_everything_the_border_may_know(self, world: World) -> None:
        world.aus.register.issue(passport("AUS"))
        world.loop.pass_time(5)
        result = world.ask("NZL", replace(as_read(passport("AUS")), id="seat 12A"))
        assert result.id == "seat 12A"
        assert result.judgement.verdict is Verdict.CLEAR
        assert result.advice is Advice.CONTINUE
        assert result.answered.outcomes == {Kind.REPORTED: False, Kind.ISSUED: True, Kind.ISSUED_DATES: True}
        assert result.answered.responder == world.aus.name.uri
        assert result.answered.as_of == dict.fromkeys(ListName, NOW_MS - HOUR_MS)
        assert result.answered.answered_at == NOW_MS + 5000
        assert len(result.answered.request_digest) == 32
        assert (result.expired, result.case, result.test, result.problem) == (False, "", False, None)

    def test_an_expired_document_may_be_clear(self, world: World) -> None:
        world.aus.register.issue(passport("AUS"), expiry="2020-01-01")
        result = world.ask("NZL", as_read(passport("AUS"), expiry="2020-01-01"))
        assert (result.judgement.verdict, result.expired) == (Verdict.CLEAR, True)

    def test_each_of_several_economies_answers_for_its_own(self, world: World) -> None:
        world.aus.register.report(passport("AUS"))
        world.usa.register.issue(passport("USA"))
        states = ["USA", "AUS", "NZL", "D", "USA"]
        results = world.ask_all("NZL", [as_read(passport(state)) for state in states])
        assert [result.judgement.verdict for result in results] == [
            Verdict.CLEAR,
            Verdict.ALERT,
            Verdict.NOT_RECOGNISED,
            Verdict.NO_ANSWER,
            Verdict.CLEAR,
        ]

    def test_nothing_is_asked_about_no_document(self, world: World) -> None:
        assert world.ask_all("NZL", []) == []

    def test_a_result_in_print_shows_no_number(self, world: World) -> None:
        """Oracle 4."""
        for document in (passport("AUS"), passport("D")):
            result = world.ask("NZL", document)
            assert document.document_number not in f"{result!r} {result}"

    def test_both_sides_derive_the_case_number_of_a_hit(self, world: World) -> None:
        world.aus.register.report(passport("AUS", 1))
        world.aus.register.issue(passport("AUS", 0))
        results = world.ask_all("NZL", [as_read(passport("AUS", place)) for place in range(3)])
        (digest,) = {one.request_digest for one in world.aus.answering_records()}
        assert [result.case for result in results] == ["", case_number(digest, 1), case_number(digest, 2)]

    @pytest.mark.parametrize(
        ("given", "captured", "advice"),
        [
            (None, None, Advice.READ_AGAIN),
            (None, Captured.TYPED, Advice.READ_AGAIN),
            (None, Captured.CHIP, Advice.REFER),
            (None, Captured.MRZ, Advice.REFER),
            (UTO_MRZ, None, Advice.REFER),
            (UTO_MRZ, Captured.TYPED, Advice.READ_AGAIN),
        ],
    )
    def test_how_it_was_captured_decides_what_to_do(
        self, world: World, given: tuple[str, ...] | None, captured: Captured | None, advice: Advice
    ) -> None:
        """An MRZ was read by a machine and its check digits are right, unless somebody says that it was typed."""
        if given is None:
            result = world.ask("NZL", passport("AUS"), captured=captured)
        else:
            result = world.ask("NZL", DocumentInput(given), captured=captured, purpose=Purpose.TEST, peer="AUS")
        assert result.judgement.verdict is Verdict.NOT_RECOGNISED
        assert result.advice is advice

    def test_an_economy_s_own_table_of_advice_is_used(self, world: World) -> None:
        world.let_ask(world.nzl, Rules("NZL", advice={"NOT_RECOGNISED": Advice.ASK_LATER}))
        assert world.ask("NZL", passport("AUS")).advice is Advice.ASK_LATER


class TestAtHome:
    """What is decided without asking anybody."""

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            (as_read(replace(passport("AUS"), document_number="---")), "NUMBER_EMPTY"),
            (as_read(passport("XXA")), "STATE_IS_NATIONALITY"),
            (as_read(passport("AUS"), birth="1960-13-01"), "DATE_CALENDAR"),
            (DocumentInput(UTO_MRZ, issuing_state="AUS"), "TWO_FORMS"),
            (DocumentInput(()), None),
        ],
    )
    def test_what_is_no_document_is_not_asked(self, world: World, given: DocumentInput, code: str | None) -> None:
        result = world.ask("NZL", given)
        assert result.judgement.failure is not None
        assert result.judgement.failure.reason is Reason.INVALID_DOCUMENT
        assert result.problem is not None
        assert code is None or result.problem.code == code
        assert result.advice is Advice.READ_AGAIN
        assert lookups(world) == 0

    def test_a_failed_check_digit_offers_readings_and_asks_nobody(self, world: World) -> None:
        misread = (UTO_MRZ[0], UTO_MRZ[1].replace("L898902C3", "L8989O2C3"))
        result = world.ask("NZL", DocumentInput(misread), purpose=Purpose.TEST, peer="AUS")
        assert result.problem is not None
        assert any("L898902C3" in reading for reading in result.problem.readings)
        assert not any(reading in f"{result.message}{result.judgement!r}" for reading in result.problem.readings)
        assert lookups(world) == 0

    def test_one_invalid_document_costs_the_others_nothing(self, world: World) -> None:
        world.aus.register.issue(passport("AUS"))
        results = world.ask_all("NZL", [as_read(passport("XXB")), as_read(passport("AUS"))])
        assert [result.judgement.verdict for result in results] == [Verdict.NO_ANSWER, Verdict.CLEAR]

    @pytest.mark.parametrize("state", ["D", "UTO", "UNO"])
    def test_a_document_that_nobody_answers_for_is_never_clear(self, world: World, state: str) -> None:
        result = world.ask("NZL", passport(state))
        assert result.judgement.failure is not None
        assert result.judgement.failure.reason is Reason.NO_ROUTE
        assert result.advice is Advice.CONTINUE

    def test_a_member_that_promises_no_reported_list_is_no_route(self, tmp_path: Path) -> None:
        with made(tmp_path, lambda members: members["AUS"]["coverage"][0].update(kinds=["ISSUED"])) as world:
            failure = world.ask("NZL", passport("AUS")).judgement.failure
            assert failure is not None
            assert failure.reason is Reason.NO_ROUTE
            assert lookups(world) == 0

    def test_a_peer_that_the_route_does_not_lead_to_is_not_asked(self, world: World) -> None:
        failure = world.ask("NZL", passport("AUS"), peer="USA").judgement.failure
        assert failure is not None
        assert failure.reason is Reason.NO_ROUTE
        assert (lookups(world), lookups(world, "USA")) == (0, 0)


class TestWithheld:
    """Questions that a rule of ours keeps at home: refugees (oracle 11)."""

    def withheld(self, world: World, **enquiry: Any) -> bool:
        result = world.ask("NZL", passport("AUS"), **enquiry)
        failure = result.judgement.failure
        assert failure is None or result.advice is Advice.CONTINUE
        return failure is not None and failure.reason is Reason.WITHHELD and lookups(world) == 0

    def test_protect_forbids_asking(self, world: World) -> None:
        assert self.withheld(world, protect=True)

    @pytest.mark.parametrize("peer", ["", "AUS"])
    def test_a_state_on_our_list_is_not_asked(self, world: World, peer: str) -> None:
        world.let_ask(world.nzl, Rules("NZL", withhold=frozenset({"AUS"})))
        assert self.withheld(world, peer=peer)
        assert world.ask("NZL", passport("USA")).judgement.verdict is Verdict.NOT_RECOGNISED

    def test_a_member_that_we_did_not_agree_to_ask_is_not_asked(self, tmp_path: Path) -> None:
        with made(tmp_path, lambda members: members["NZL"].update(ask=["USA"])) as world:
            assert self.withheld(world)

    def test_it_is_recorded_at_home_and_nowhere_else(self, world: World) -> None:
        world.ask("NZL", passport("AUS"), protect=True, officer="jane")
        (record,) = world.nzl.asking_records()
        assert (record.event, record.other, record.request_digest) == (Event.WITHHELD, "", bytes(32))
        assert record.officer != bytes(16)
        assert not (world.aus.path / "worker-0").exists()


class TestSpecimens:
    """Purpose TEST goes with issuing state UTO, and only with it."""

    def test_a_specimen_is_asked_of_the_member_named(self, world: World) -> None:
        result = world.ask("NZL", passport("UTO", 0), purpose=Purpose.TEST, peer="USA")
        assert (result.judgement.verdict, result.test) == (Verdict.CLEAR, True)
        assert (lookups(world, "USA"), lookups(world, "AUS")) == (1, 0)
        assert world.ask("NZL", passport("UTO", 1), purpose=Purpose.TEST, peer="USA").judgement.verdict is Verdict.ALERT

    def test_icao_s_own_specimen_is_not_recognised(self, world: World) -> None:
        result = world.ask("NZL", DocumentInput(UTO_MRZ), purpose=Purpose.TEST, peer="AUS")
        assert result.judgement.verdict is Verdict.NOT_RECOGNISED

    def test_our_own_specimens_may_be_asked_too(self, world: World) -> None:
        result = world.ask("NZL", passport("UTO", 1), purpose=Purpose.TEST, peer="NZL")
        assert result.judgement.verdict is Verdict.ALERT

    def test_a_real_document_under_test_is_invalid(self, world: World) -> None:
        result = world.ask("NZL", passport("AUS"), purpose=Purpose.TEST, peer="AUS")
        assert result.judgement.failure is not None
        assert result.judgement.failure.reason is Reason.INVALID_DOCUMENT
        assert lookups(world) == 0

    @pytest.mark.parametrize("peer", ["", "PHL"])
    def test_without_a_member_to_ask_there_is_no_route(self, world: World, peer: str) -> None:
        failure = world.ask("NZL", passport("UTO"), purpose=Purpose.TEST, peer=peer).judgement.failure
        assert failure is not None
        assert failure.reason is Reason.NO_ROUTE

    def test_a_specimen_s_date_says_nothing_of_the_lists(self, world: World) -> None:
        """Specimens are of now: they must not make a list of yesterday look as if it had gone back."""
        world.ask("NZL", passport("UTO"), purpose=Purpose.TEST, peer="AUS")
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NOT_RECOGNISED


class TestOwnDocuments:
    """The same answering function and the same refusals; only the network is left out."""

    @pytest.mark.parametrize(
        ("prepare", "verdict"),
        [
            (lambda register: register.issue(passport("NZL")), Verdict.CLEAR),
            (lambda register: register.report(passport("NZL")), Verdict.ALERT),
            (lambda register: register.issue(passport("NZL"), birth="1999-09-09"), Verdict.MISMATCH),
            (lambda register: None, Verdict.NOT_RECOGNISED),
        ],
    )
    def test_they_have_the_same_verdicts(self, world: World, prepare: Callable[[Any], None], verdict: Verdict) -> None:
        prepare(world.nzl.register)
        result = world.ask("NZL", passport("NZL"))
        assert result.judgement.verdict is verdict
        assert result.answered.responder == world.nzl.name.uri

    @pytest.mark.parametrize(
        ("name", "expected"),
        [(ListName.REPORTED, Reason.LIST_UNAVAILABLE), (ListName.ISSUED, None)],
    )
    def test_a_list_never_imported(self, world: World, name: ListName, expected: Reason | None) -> None:
        world.nzl.register.issue(passport("NZL"))
        world.nzl.register.as_of[name] = None
        judgement = world.ask("NZL", passport("NZL")).judgement
        assert (judgement.failure.reason if judgement.failure else None) is expected
        assert judgement.verdict is (Verdict.NO_ANSWER if expected else Verdict.NOT_REPORTED)

    def test_a_list_that_cannot_be_read(self, world: World) -> None:
        world.nzl.register.broken = True
        assert world.ask("NZL", passport("NZL")).judgement.failure == Failure(Reason.LIST_UNAVAILABLE)

    def test_a_list_too_old(self, world: World) -> None:
        world.nzl.register.as_of[ListName.REPORTED] = NOW_MS - 49 * HOUR_MS
        assert world.ask("NZL", passport("NZL")).judgement.failure == Failure(Reason.DATA_STALE)

    def test_they_are_recorded_as_by_a_responder_and_as_shown(self, world: World) -> None:
        world.nzl.register.issue(passport("NZL"))
        world.ask("NZL", passport("NZL"))
        records = world.nzl.asking_records()
        assert [one.event for one in records] == [Event.ASKED, Event.ANSWERED, Event.SHOWN]
        assert len({one.request_digest for one in records}) == 1
        assert {one.other for one in records} == {"NZL"}

    def test_their_refusals_are_recorded(self, world: World) -> None:
        world.nzl.register.as_of[ListName.REPORTED] = None
        world.ask("NZL", passport("NZL"))
        refused = [one for one in world.nzl.asking_records() if one.event is Event.REFUSED]
        assert {one.code for one in refused} == {RefusalCode.NO_DATA}


class TestCoverage:
    """An issued list that covers only documents that expire from a day on."""

    @pytest.fixture
    def covered(self, tmp_path: Path) -> Iterator[World]:
        with made(tmp_path, lambda members: members["AUS"]["coverage"][0].update(expiry_from="2030-06-01")) as world:
            yield world

    @pytest.mark.parametrize(
        ("expiry", "verdict"),
        [
            ("2030-06-01", Verdict.NOT_RECOGNISED),
            ("2031-01-02", Verdict.NOT_RECOGNISED),
            ("2030-05-31", Verdict.NOT_REPORTED),
            ("2020-01-01", Verdict.NOT_REPORTED),
            ("", Verdict.NOT_RECOGNISED),
            (None, Verdict.NOT_REPORTED),
        ],
    )
    def test_what_is_not_covered_is_not_asked(self, covered: World, expiry: str | None, verdict: Verdict) -> None:
        """Else an old passport that the list never held would be called unknown."""
        assert covered.ask("NZL", as_read(passport("AUS"), expiry=expiry)).judgement.verdict is verdict

    def test_not_covered_is_unconfirmed_and_never_clear(self, covered: World) -> None:
        covered.aus.register.issue(passport("AUS"), expiry="2030-05-31")
        result = covered.ask("NZL", as_read(passport("AUS"), expiry="2030-05-31"))
        assert result.judgement.unconfirmed == "issued"
        assert set(result.answered.outcomes) == {Kind.REPORTED}

    @pytest.mark.parametrize(("birth", "expiry"), [(None, "2031-01-02"), ("1960-04-12", None), (None, None)])
    def test_without_both_dates_only_the_number_is_asked(
        self, world: World, birth: str | None, expiry: str | None
    ) -> None:
        world.aus.register.issue(passport("AUS"))
        result = world.ask("NZL", as_read(passport("AUS"), birth, expiry))
        assert result.judgement.verdict is Verdict.NOT_REPORTED
        assert result.judgement.unconfirmed == "dates"
        assert set(result.answered.outcomes) == {Kind.REPORTED, Kind.ISSUED}


class TestRefusals:
    def test_a_marked_question_fails_and_the_others_do_not(self, world: World) -> None:
        for place in range(3):
            world.aus.register.issue(passport("AUS", place))
        mark = refusing(RefusalCode.NOT_MINE, b"\x00\x01\x00")
        world.nzl.links["AUS"].faults.append(faults.once(only(LOOKUP_METHOD, resealed(mark))))
        world.ask("NZL", passport("USA"))
        world.nzl.links["AUS"].faults[:] = [only(LOOKUP_METHOD, faults.once(resealed(mark)))]
        results = world.ask_all("NZL", [as_read(passport("AUS", place)) for place in range(3)])
        assert [result.judgement.verdict for result in results] == [Verdict.CLEAR, Verdict.NO_ANSWER, Verdict.CLEAR]

    @pytest.mark.parametrize("kinds", [["reported"], ["reported", "issued"]])
    def test_what_is_not_granted_is_asked_with_less(self, tmp_path: Path, kinds: list[str]) -> None:
        def edit(members: dict[str, dict[str, Any]]) -> None:
            for grant in members["AUS"]["grants"]:
                grant["lists"] = kinds

        with made(tmp_path, edit) as world:
            world.aus.register.issue(passport("AUS"))
            verdict = world.ask("NZL", passport("AUS")).judgement.verdict
            assert verdict is (Verdict.CLEAR if "issued" in kinds else Verdict.NOT_REPORTED)
            assert lookups(world) == (1 if "issued" in kinds else 2)

    def test_a_missing_issued_list_is_not_reported_and_a_missing_reported_list_no_answer(self, world: World) -> None:
        world.aus.register.as_of[ListName.ISSUED] = None
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NOT_REPORTED
        world.aus.register.as_of[ListName.REPORTED] = None
        assert world.ask("NZL", passport("AUS")).judgement.failure == Failure(Reason.LIST_UNAVAILABLE)

    def test_two_pairs_of_dates_on_one_number_travel_in_two_requests(self, world: World) -> None:
        world.aus.register.issue(passport("AUS"))
        births = ["1960-04-12", "1961-04-12", "1960-04-12"]
        results = world.ask_all("NZL", [as_read(passport("AUS"), birth) for birth in births])
        assert [result.judgement.verdict for result in results] == [Verdict.CLEAR, Verdict.MISMATCH, Verdict.CLEAR]
        for _, request, _ in world.nzl.links["AUS"].carried:
            assert len(codec.decode_lookup_request(request)[1]) in (0, 57)

    def test_the_sixth_pair_of_dates_on_one_number_is_not_confirmed(self, world: World) -> None:
        """M07: the responder stops; the traveller is not reported, and not clear."""
        world.aus.register.issue(passport("AUS"))
        for year in range(60, 65):
            world.ask("NZL", as_read(passport("AUS"), f"19{year}-01-01"))
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NOT_REPORTED


class TestDeadlines:
    def waited(self, world: World, **enquiry: Any) -> float:
        started = world.loop.time()
        failure = world.ask("NZL", passport("AUS"), **enquiry).judgement.failure
        assert failure == Failure(Reason.DEADLINE)
        return world.loop.time() - started

    @pytest.mark.parametrize(
        ("enquiry", "seconds"),
        [
            ({}, 3),
            ({"purpose": Purpose.PRE_DEPARTURE}, 4),
            ({"purpose": Purpose.VISA}, 3),
            ({"deadline_ms": 250}, 0.25),
            ({"deadline_ms": 60_000}, 60),
        ],
    )
    def test_a_question_ends_at_its_deadline(self, world: World, enquiry: dict[str, Any], seconds: float) -> None:
        world.ask("NZL", passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.lose_request)
        assert self.waited(world, **enquiry) == pytest.approx(seconds)

    def test_a_slow_member_delays_no_other_member_s_travellers(self, world: World) -> None:
        world.usa.register.issue(passport("USA"))
        world.nzl.links["AUS"].faults.append(faults.lose_response)
        results = world.ask_all("NZL", [as_read(passport("AUS")), as_read(passport("USA"))])
        assert [result.judgement.verdict for result in results] == [Verdict.NO_ANSWER, Verdict.CLEAR]

    def test_a_member_known_to_be_down_is_told_at_once(self, world: World) -> None:
        """Within 50 ms, and without another word to it."""
        world.nzl.links["AUS"].faults.append(faults.unreachable)
        assert world.ask("NZL", passport("AUS")).judgement.failure == Failure(Reason.PEER_UNREACHABLE)
        before, started = world.loop.time(), perf_counter()
        failure = world.ask("NZL", passport("AUS")).judgement.failure
        assert failure == Failure(Reason.PEER_UNREACHABLE)
        assert world.loop.time() == before
        assert perf_counter() - started < 0.05

    def test_a_member_that_comes_back_is_noticed_without_being_asked(self, world: World) -> None:
        link = world.nzl.links["AUS"]
        link.faults.append(faults.unreachable)
        world.ask("NZL", passport("AUS"))
        link.faults.clear()
        world.let_pass(10)
        assert world.heard[-1] == (world.aus.name.uri, True)
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NOT_RECOGNISED

    def test_two_silences_make_a_member_down(self, world: World) -> None:
        world.ask("NZL", passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.lose_request)
        assert [self.waited(world) for _ in range(2)] == pytest.approx([3, 3])
        assert world.ask("NZL", passport("AUS")).judgement.failure == Failure(Reason.PEER_UNREACHABLE)

    def test_an_asker_in_a_hurry_takes_no_member_down(self, world: World) -> None:
        world.ask("NZL", passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.lose_request)
        for _ in range(5):
            self.waited(world, deadline_ms=20)

    def test_a_member_that_refuses_us_is_not_down(self, world: World) -> None:
        """Its own reason says more than "unreachable"."""
        world.aus.block("NZL")
        for _ in range(3):
            failure = world.ask("NZL", passport("AUS")).judgement.failure
            assert failure is not None
            assert failure.code is RefusalCode.SUSPENDED


class TestRecords:
    def test_asking_is_recorded_before_the_request_leaves(self, world: World) -> None:
        """Oracle 8."""
        seen: list[list[Event]] = []

        async def watch(carriage: Any, deliver: Any) -> bytes:
            seen.append([one.event for one in world.nzl.asking_records()])
            return bytes(await deliver(carriage.data))

        world.nzl.links["AUS"].faults.append(only(LOOKUP_METHOD, watch))
        world.ask("NZL", passport("AUS"))
        assert seen == [[Event.ASKING]]

    def test_what_is_shown_is_recorded_first_with_request_and_answer(self, world: World) -> None:
        world.aus.register.report(passport("AUS", 1))
        results = world.ask_all("NZL", [as_read(passport("AUS", place)) for place in range(2)], officer="jane")
        asking, first, second = world.nzl.asking_records()
        answered = world.aus.answering_records()[-1]
        assert asking == Entry(
            Event.ASKING, NOW_MS, "AUS", 1, 2, results[0].answered.request_digest, officer=asking.officer
        )
        assert first == replace(asking, event=Event.SHOWN, questions=0, answer_digest=answered.answer_digest, verdict=5)
        assert second == replace(first, questions=1, verdict=3)

    def test_what_was_not_answered_is_recorded_as_shown_too(self, world: World) -> None:
        world.nzl.links["AUS"].faults.append(faults.unreachable)
        world.ask("NZL", passport("AUS"))
        assert [(one.event, one.verdict) for one in world.nzl.asking_records()] == [(Event.SHOWN, 6)]

    def test_each_request_that_leaves_has_a_record_of_its_own(self, world: World) -> None:
        """A worker that ended: the second request is another one."""
        world.ask("NZL", passport("AUS"))
        world.aus.restart()
        world.ask("NZL", passport("AUS"))
        asking = [one for one in world.nzl.asking_records() if one.event is Event.ASKING]
        assert len({one.request_digest for one in asking}) == len(asking) == 3

    def test_an_officer_is_kept_as_a_keyed_pseudonym_and_does_not_travel(self, world: World) -> None:
        key = b"k" * 32
        world.let_ask(world.nzl, Rules("NZL", officer_key=key))
        world.ask("NZL", passport("AUS"), officer="jane.doe@customs")
        expected = hmac.digest(key, b"jane.doe@customs", hashlib.sha256)[:16]
        assert {one.officer for one in world.nzl.asking_records()} == {expected}
        request, _ = world.nzl.links["AUS"].last()
        assert b"jane" not in request
        assert expected not in request
        assert {one.officer for one in world.aus.answering_records()} == {bytes(16)}


class TestNoRoomForRecords:
    def fail_after(self, world: World, monkeypatch: pytest.MonkeyPatch, records: int) -> None:
        append, left = world.nzl.desk_spool.append, [records]

        def limited(entry: Entry) -> None:
            if not left[0]:
                raise SpoolFull("no room")
            left[0] -= 1
            append(entry)

        monkeypatch.setattr(world.nzl.desk_spool, "append", limited)

    def test_nothing_is_asked_without_a_record(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fail_after(world, monkeypatch, 0)
        failure = world.ask("NZL", passport("AUS")).judgement.failure
        assert failure is not None
        assert failure.reason is Reason.LOCAL_FAULT
        assert lookups(world) == 0

    @pytest.mark.parametrize("state", ["AUS", "NZL"])
    def test_nothing_is_shown_without_a_record(self, world: World, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
        register = world.economies[state].register
        register.issue(passport(state))
        self.fail_after(world, monkeypatch, 1 if state == "AUS" else 2)
        result = world.ask("NZL", passport(state))
        assert result.judgement.failure is not None
        assert result.judgement.failure.reason is Reason.LOCAL_FAULT
        assert result.answered.outcomes == {}
        assert result.case == ""

    def test_an_alert_is_shown_all_the_same(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """A full disk at home must not let a stolen passport pass."""
        world.aus.register.report(passport("AUS"))
        self.fail_after(world, monkeypatch, 1)
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.ALERT

    def test_an_alert_of_an_earlier_request_is_not_lost_with_a_later_one(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two requests for one flight, and no room for the second."""
        world.aus.register.report(passport("AUS"))
        self.fail_after(world, monkeypatch, 1)
        births = ["1960-04-12", "1961-04-12"]
        results = world.ask_all("NZL", [as_read(passport("AUS"), birth) for birth in births])
        assert [result.judgement.verdict for result in results] == [Verdict.ALERT, Verdict.NO_ANSWER]


def test_a_defect_on_the_way_to_one_member_is_a_fault_for_its_documents_alone(world: World) -> None:
    world.usa.register.issue(passport("USA"))
    complaints: list[BaseException] = []
    world.nzl.asker._on_fault = complaints.append

    async def defective(carriage: Carriage, deliver: Deliver) -> bytes:
        raise RuntimeError("a defect")

    world.nzl.links["AUS"].faults.append(only(LOOKUP_METHOD, defective))
    results = world.ask_all("NZL", [as_read(passport("AUS")), as_read(passport("USA"))])
    assert results[0].judgement.failure == Failure(Reason.LOCAL_FAULT)
    assert results[1].judgement.verdict is Verdict.CLEAR
    assert [type(one) for one in complaints] == [RuntimeError]


def test_a_list_that_went_back_counts_from_when_the_question_left(world: World) -> None:
    """Across an import two answers under way may arrive in either order; the older one lost nothing."""
    world.aus.register.issue(passport("AUS"))
    world.ask("NZL", passport("AUS"))
    link = world.nzl.links["AUS"]
    link.faults.append(only(LOOKUP_METHOD, faults.once(faults.delay(1))))

    async def both() -> list[Verdict]:
        enquiry = Enquiry((as_read(passport("AUS")),))
        slow = asyncio.create_task(world.nzl.asker.ask(enquiry))
        await asyncio.sleep(0.1)
        world.aus.register.as_of = dict.fromkeys(ListName, NOW_MS)
        quick = await world.nzl.asker.ask(enquiry)
        return [one.judgement.verdict for one in (*quick, *await slow)]

    assert world.run(both()) == [Verdict.CLEAR, Verdict.CLEAR]


@pytest.mark.parametrize("asker", ECONOMIES[1:])
def test_any_member_may_ask(world: World, asker: str) -> None:
    world.let_ask(world.economies[asker])
    world.nzl.register.issue(passport("NZL"))
    assert world.ask(asker, passport("NZL")).judgement.verdict is Verdict.CLEAR
