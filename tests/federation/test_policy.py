"""Who may ask what: each check with its code, and the questions it marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from federation.directory import Coverage, Directory, Grant, Member
from federation.documents import DocumentClass, Kind, ListName
from federation.errors import Refused
from federation.lookup import Question
from federation.policy import (
    DATE_PAIRS_A_DAY,
    NUMBERS_REMEMBERED,
    DatePairs,
    Rate,
    check_grant,
    check_lists,
    check_routes,
    lists_of,
)
from federation.routes import Route, RouteTable
from federation.status import Purpose, RefusalCode
from tests.codes import code_of
from tests.fake_lists import passport
from tests.virtual_time import NOW_MS

DAY_MS = 86_400_000
KINDS = {Kind.REPORTED: "reported", Kind.ISSUED: "issued", Kind.ISSUED_DATES: "issued"}
ALL = int(Kind.REPORTED | Kind.ISSUED | Kind.ISSUED_DATES)


def member(kinds: int = ALL) -> Member:
    coverage = Coverage("AUS", DocumentClass.P, kinds)
    return Member("AUS", (), (), (), {("AUS", DocumentClass.P): coverage}, {}, frozenset())


DIRECTORY = Directory(
    "lab",
    bytes(32),
    {},
    RouteTable([Route("AUS", DocumentClass.P, "*", "AUS"), Route("NZL", DocumentClass.P, "*", "NZL")]),
    {},
)


def asked(state: str, kinds: int = 1, place: int = 0, birth: str = "600412") -> Question:
    dated = kinds & Kind.ISSUED_DATES
    return Question(kinds, passport(state, place), *((birth, "310102") if dated else ()))


def refused(check: Callable[..., object], *arguments: Any) -> tuple[RefusalCode, str]:
    """The code, and which questions are marked: ``x`` for a cause."""
    with pytest.raises(Refused) as refusal:
        check(*arguments)
    return refusal.value.code, "".join("-x"[mark] for mark in refusal.value.causes)


class TestRoutes:
    @pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.TEST])
    def test_what_is_routed_elsewhere_or_nowhere_or_is_a_specimen_is_marked(self, purpose: Purpose) -> None:
        questions = [asked("AUS"), asked("NZL"), asked("USA"), asked("UTO"), asked("AUS")]
        assert refused(check_routes, questions, purpose, DIRECTORY, "AUS") == (RefusalCode.NOT_MINE, "-xxx-")

    def test_test_asks_for_specimens_alone(self) -> None:
        questions = [asked("UTO"), asked("AUS")]
        assert refused(check_routes, questions, Purpose.TEST, DIRECTORY, "AUS") == (RefusalCode.PURPOSE, "-x")

    def test_what_is_ours_passes(self) -> None:
        check_routes([asked("AUS"), asked("AUS", 7)], Purpose.VISA, DIRECTORY, "AUS")
        check_routes([asked("UTO")], Purpose.TEST, DIRECTORY, "AUS")


@pytest.mark.parametrize("kinds", range(1, 8))
def test_each_kind_reads_its_list(kinds: int) -> None:
    assert set(lists_of(kinds)) == {ListName(KINDS[kind]) for kind in KINDS if kinds & kind}


class TestLists:
    @pytest.mark.parametrize("promised", range(8))
    @pytest.mark.parametrize("kinds", range(1, 8))
    def test_only_what_is_promised_is_answered(self, promised: int, kinds: int) -> None:
        code = code_of(lambda: check_lists([asked("AUS", kinds)], Purpose.VISA, member(promised), lambda name: True))
        assert code is (RefusalCode.NO_DATA if kinds & ~promised else None)

    @pytest.mark.parametrize("missing", ListName)
    def test_a_list_never_imported_is_no_empty_list(self, missing: ListName) -> None:
        """Oracle 1: an answer from it would be a false no-match."""
        questions = [asked("AUS", kinds) for kinds in (1, 2, 4, 7)]
        assert refused(check_lists, questions, Purpose.VISA, member(), lambda name: name is not missing) == (
            RefusalCode.NO_DATA,
            "x--x" if missing is ListName.REPORTED else "-xxx",
        )

    def test_a_class_without_coverage_is_not_served(self) -> None:
        visa = replace(asked("AUS"), document=replace(passport("AUS"), document_class=DocumentClass.V))
        assert refused(check_lists, [visa], Purpose.VISA, member(), lambda name: True) == (RefusalCode.NO_DATA, "x")

    def test_specimens_are_always_there(self) -> None:
        check_lists([asked("UTO", ALL)], Purpose.TEST, member(0), lambda name: False)


GRANT = Grant("NZL", frozenset(ListName), frozenset({Purpose.VISA}), NOW_MS + 1, "MOU", 100, 100)


class TestGrant:
    def test_it_is_returned_when_it_covers_the_request(self) -> None:
        assert check_grant([asked("AUS", 7)], Purpose.VISA, GRANT, NOW_MS) is GRANT

    def test_without_one_nothing_is_answered(self) -> None:
        assert refused(check_grant, [asked("AUS")], Purpose.VISA, None, NOW_MS) == (RefusalCode.NO_GRANT, "")

    def test_it_ends_at_its_time(self) -> None:
        assert refused(check_grant, [asked("AUS")], Purpose.VISA, GRANT, NOW_MS + 1) == (RefusalCode.NO_GRANT, "")

    def test_another_purpose_is_refused(self) -> None:
        """M06: a purpose the two agencies did not agree on."""
        assert refused(check_grant, [asked("AUS")], Purpose.INVESTIGATION, GRANT, NOW_MS) == (RefusalCode.PURPOSE, "")

    def test_specimens_need_no_agreed_purpose(self) -> None:
        assert check_grant([asked("UTO")], Purpose.TEST, GRANT, NOW_MS) is GRANT

    def test_a_list_left_out_marks_the_questions_that_need_it(self) -> None:
        grant = replace(GRANT, lists=frozenset({ListName.REPORTED}))
        questions = [asked("AUS", kinds) for kinds in (1, 3, 4)]
        assert refused(check_grant, questions, Purpose.VISA, grant, NOW_MS) == (RefusalCode.NO_GRANT, "-xx")


class TestRate:
    def test_a_second_s_questions_may_come_at_once_and_no_more(self) -> None:
        rate = Rate(1000, 0)
        rate.take(1000, 0)
        with pytest.raises(Refused, match="RATE") as refusal:
            rate.take(1, 0)
        assert refusal.value.retry_after == 1

    def test_it_refills_with_time_and_never_past_a_second_s_worth(self) -> None:
        rate = Rate(1000, 0)
        rate.take(1000, 0)
        rate.take(500, 500)
        assert code_of(lambda: rate.take(1, 500)) is RefusalCode.RATE
        rate.take(1000, 10_000)
        assert code_of(lambda: rate.take(1, 10_000)) is RefusalCode.RATE

    def test_one_whole_lookup_always_fits_in_a_full_bucket(self) -> None:
        Rate(1, 0).take(500, 0)

    def test_what_is_refused_spends_nothing(self) -> None:
        rate = Rate(500, 0)
        assert code_of(lambda: rate.take(501, 0)) is RefusalCode.RATE
        rate.take(500, 0)

    def test_the_wait_it_names_is_enough(self) -> None:
        rate = Rate(10, 0)
        rate.take(500, 0)
        with pytest.raises(Refused) as refusal:
            rate.take(25, 0)
        rate.take(25, refusal.value.retry_after * 1000)

    def test_a_clock_that_stands_still_or_steps_back_gives_nothing(self) -> None:
        rate = Rate(500, 1000)
        rate.take(500, 1000)
        assert code_of(lambda: rate.take(1, 0)) is RefusalCode.RATE


def pair(number: int) -> str:
    return f"{60 + number}0412"


class TestDatePairs:
    """M07, M08: the dates on a stolen number cannot be guessed."""

    def check(self, pairs: DatePairs, questions: Sequence[Question], now_ms: int = NOW_MS, economy: str = "NZL") -> str:
        try:
            pairs.check(economy, questions, now_ms)
        except Refused as refusal:
            return refusal.code.name + "".join("-x"[mark] for mark in refusal.causes)
        return ""

    def spent(self) -> DatePairs:
        """Every pair that may be asked on one number today has been."""
        pairs = DatePairs(bytes(32))
        for number in range(DATE_PAIRS_A_DAY):
            assert self.check(pairs, [asked("AUS", 4, birth=pair(number))]) == ""
        return pairs

    def test_the_sixth_pair_on_one_number_is_refused(self) -> None:
        assert self.check(self.spent(), [asked("AUS", 4, birth=pair(9))]) == "BUDGETx"

    def test_a_pair_asked_before_may_be_asked_again(self) -> None:
        assert self.check(self.spent(), [asked("AUS", 4, birth=pair(0))]) == ""

    def test_the_expiry_is_half_of_a_pair(self) -> None:
        other = replace(asked("AUS", 4, birth=pair(0)), expiry="310103")
        assert self.check(self.spent(), [other]) == "BUDGETx"

    def test_other_numbers_other_kinds_and_other_peers_are_not_touched(self) -> None:
        pairs = self.spent()
        assert self.check(pairs, [asked("AUS", 4, place=1, birth=pair(9))]) == ""
        assert self.check(pairs, [asked("AUS", 3)]) == ""
        assert self.check(pairs, [asked("AUS", 4, birth=pair(9))], economy="USA") == ""

    def test_only_the_cause_is_marked(self) -> None:
        questions = [asked("AUS", 1), asked("AUS", 4, birth=pair(9)), asked("AUS", 4, place=1)]
        assert self.check(self.spent(), questions) == "BUDGET-x-"

    def test_the_next_day_starts_anew(self) -> None:
        assert self.check(self.spent(), [asked("AUS", 4, birth=pair(9))], NOW_MS + DAY_MS) == ""

    def test_memory_is_bounded_and_the_oldest_number_goes_first(self) -> None:
        pairs = self.spent()
        asked_of = pairs._asked["NZL"]
        asked_of.update({bytes([1]) + place.to_bytes(7, "big"): (b"",) for place in range(NUMBERS_REMEMBERED - 1)})
        assert self.check(pairs, [asked("AUS", 4, place=1)]) == ""
        assert len(asked_of) == NUMBERS_REMEMBERED
        assert self.check(pairs, [asked("AUS", 4, birth=pair(9))]) == ""

    def test_what_is_kept_shows_no_number(self) -> None:
        """Oracle 4, in memory too: a digest under a key that nobody else has and that differs by the day."""
        kept = repr(self.spent()._asked)
        assert passport("AUS").document_number not in kept
        assert kept != repr(DatePairs(bytes([1]) * 32)._asked)
